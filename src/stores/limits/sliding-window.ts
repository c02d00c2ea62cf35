import type { Algorithm } from './algorithm.ts';

/**
 * Slices of a window; Redis' script has the same. Every slice that the window still touches counts as a whole, so no
 * stretch of a window's length ever lets more than the limit pass. (Weighing the window before by its share, the usual
 * way, lets nearly twice the limit pass when it came at that window's end.)
 */
const SLICES = 10;
/** A window touches one slice more than it has. */
const COUNTED = SLICES + 1;
/** `parts`: the newest slice by its number since the epoch, then the counts of the last ones, by number modulo their count. */
const NEWEST = 0;
const FIRST = 1;

const sliceMs = (windowMs: number): number => Math.ceil(windowMs / SLICES);
const place = (slice: number): number => FIRST + (slice % COUNTED);

export const slidingWindow: Algorithm = {
  empty: () => new Array<number>(FIRST + COUNTED).fill(0),
  lifeMs: ({ windowMs }) => 2 * (COUNTED + 1) * sliceMs(windowMs),
  neededMs: (_window, { windowMs }) => COUNTED * sliceMs(windowMs),
  advance(window, { windowMs }, now) {
    const parts = window.parts as number[];
    const newest = parts[NEWEST] as number;
    const slice = Math.floor(now / sliceMs(windowMs));
    parts[NEWEST] = slice;
    if (slice < newest) {
      parts.fill(0, FIRST);
      parts[place(slice)] = window.value;
      return;
    }
    for (let next = Math.max(newest + 1, slice - SLICES); next <= slice; next++) {
      window.value -= parts[place(next)] as number;
      parts[place(next)] = 0;
    }
  },
  free: ({ value }, { limit }) => limit - value,
  waitMs(window, { limit, windowMs }, cost, now) {
    return untilFreed(window.parts as number[], window.value + cost - limit, windowMs, now);
  },
  resetMs(window, { windowMs }, now) {
    return untilFreed(window.parts as number[], 1, windowMs, now);
  },
  take(window, _limit, cost) {
    const parts = window.parts as number[];
    const at = place(parts[NEWEST] as number);
    parts[at] = (parts[at] as number) + cost;
    window.value += cost;
  },
};

/** Milliseconds until so many have slid out; the whole window if there are not so many. */
function untilFreed(parts: number[], wanted: number, windowMs: number, now: number): number {
  const newest = parts[NEWEST] as number;
  let freed = 0;
  for (let slice = newest - SLICES; slice <= newest; slice++) {
    if (slice < 0) continue;
    freed += parts[place(slice)] as number;
    if (freed >= wanted) return Math.ceil((slice + COUNTED) * sliceMs(windowMs) - now);
  }
  return windowMs;
}
