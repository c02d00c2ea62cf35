import type { Limit } from '../../contracts/store.ts';
import type { Algorithm, CounterWindow } from './algorithm.ts';

/** `parts`: how many tokens are out, with fractions, and when that was. Levels fall evenly as tokens come back. */
const LEVEL = 0;
const AT = 1;
/** Tokens. What many small additions may be off by; without it the last token of a full bucket could be refused. */
const TOLERANCE = 1e-6;

const levelOf = ({ parts }: CounterWindow): number => (parts as number[])[LEVEL] as number;
const drainMs = (tokens: number, { limit, windowMs }: Limit): number =>
  Math.ceil((tokens * windowMs) / limit - TOLERANCE);

export const tokenBucket: Algorithm = {
  empty: () => [0, 0],
  lifeMs: (limit) => 2 * drainMs(limit.burst, limit) + 1,
  neededMs: (window, limit) => drainMs(levelOf(window), limit),
  advance(window, { limit, windowMs }, now) {
    const parts = window.parts as number[];
    const passed = Math.max(0, now - (parts[AT] as number));
    parts[LEVEL] = Math.max(0, (parts[LEVEL] as number) - (passed * limit) / windowMs);
    parts[AT] = now;
    window.value = Math.ceil(parts[LEVEL] - TOLERANCE);
  },
  free: (window, { burst }) => Math.floor(burst - levelOf(window) + TOLERANCE),
  waitMs: (window, limit, cost) => Math.max(1, drainMs(levelOf(window) + cost - limit.burst, limit)),
  resetMs: (window, limit) => Math.max(0, drainMs(levelOf(window), limit)),
  take(window, _limit, cost) {
    const parts = window.parts as number[];
    parts[LEVEL] = (parts[LEVEL] as number) + cost;
    window.value = Math.ceil(parts[LEVEL] - TOLERANCE);
  },
};
