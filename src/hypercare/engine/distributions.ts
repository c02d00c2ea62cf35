import type { Stability } from '../detectors/stability.ts';
import { MovingHistogram } from './moving-histogram.ts';

/** What one feature of one model or prompt is like, lately and usually. */
export interface Feature {
  /** A tick is over. @param isFrozen what came does not become usual */
  step(isFrozen: boolean): void;
  /** Null: too little was seen. */
  readonly shift: Stability | null;
  /** What has moved, for people: `german 62 % (usually 3 %)`. @param nameOf of what is counted by number */
  moved(nameOf: (category: number) => string): string;
}

/** From here on a population stability index is called a shift. */
const SHIFTED = 0.25;

/** What an index must reach: a shift, and one that chance does not make. */
export const thresholdOf = ({ bound }: Stability): number => Math.max(SHIFTED, bound);

export const isShifted = (shift: Stability | null): shift is Stability =>
  shift !== null && shift.index >= thresholdOf(shift);

/** Buckets of a histogram of sizes: one for each power of √2. */
const SIZES = 40;
const LEAST_SIZES = 60;
/** Share of what is usual that lies beyond each of the two ends. */
const TAIL = 0.025;
const SIXTEENTHS = 16;

/**
 * Sizes: lengths in tokens, odds. Each counts in the two buckets that it lies between, by how near it is to either: what
 * is always nearly the same does not jump from one bucket to the next when it grows by a little.
 */
export class Sizes implements Feature {
  readonly #histogram = new MovingHistogram(SIZES, LEAST_SIZES);
  #low = -1;
  #high = SIZES;

  /** @returns whether it lies beyond what is usual: by a whole bucket, √2 times as much or as little */
  add(size: number): boolean {
    const place = Math.min(SIZES - 1, Math.max(0, 2 * Math.log2(Math.max(1, size))));
    const bucket = Math.floor(place);
    const above = Math.round((place - bucket) * SIXTEENTHS) / SIXTEENTHS;
    if (above < 1) this.#histogram.add(bucket, 1 - above);
    if (above > 0) this.#histogram.add(bucket + 1, above);
    return place <= this.#low - 1 || place >= this.#high + 1;
  }

  step(isFrozen: boolean): void {
    this.#histogram.step(isFrozen);
    if (!isFrozen && this.#histogram.isKnown) this.#setEnds();
  }

  get shift(): Stability | null {
    return this.#histogram.shift;
  }

  moved(): string {
    const { recent, usual } = this.#histogram;
    return `median ${medianOf(recent)} (usually ${medianOf(usual)})`;
  }

  #setEnds(): void {
    const { usual, usualTotal } = this.#histogram;
    const tail = TAIL * usualTotal;
    let below = 0;
    this.#low = 0;
    while (below + (usual[this.#low] as number) < tail) below += usual[this.#low++] as number;
    let above = 0;
    this.#high = SIZES - 1;
    while (above + (usual[this.#high] as number) < tail) above += usual[this.#high--] as number;
  }
}

/** As a size, to within √2. */
function medianOf(histogram: Float64Array): number {
  const half = histogram.reduce((sum, count) => sum + count, 0) / 2;
  let below = 0;
  let bucket = 0;
  while (bucket < SIZES - 1 && below + (histogram[bucket] as number) < half)
    below += histogram[bucket++] as number;
  return Math.round(2 ** (bucket / 2));
}

/** Categories that are told apart, of those that come first; bucket 0 holds all others. */
const CATEGORIES = 40;
/** Who talks in a language goes on in it, so that what comes is less than it seems: more of it is wanted. */
const LEAST_CATEGORIES = 120;
/** A category has grown if it has so many times its usual share, and so much more of all. */
const GROWN = 2;
const GROWN_BY = 0.05;
/** Of those that have moved, how many are said. */
const SAID = 3;

/** Which of several each is: a language, the tool that is called. */
export class Mix implements Feature {
  readonly #histogram = new MovingHistogram(CATEGORIES, LEAST_CATEGORIES);
  readonly #buckets = new Map<number, number>();
  readonly #hasGrown = new Array<boolean>(CATEGORIES).fill(false);
  shift: Stability | null = null;

  /** @returns whether it is one of which there is much more than usual, in a mix that has shifted */
  add(category: number): boolean {
    let bucket = this.#buckets.get(category);
    if (bucket === undefined) {
      bucket = this.#buckets.size + 1 < CATEGORIES ? this.#buckets.size + 1 : 0;
      if (bucket > 0) this.#buckets.set(category, bucket);
    }
    this.#histogram.add(bucket);
    return this.#hasGrown[bucket] as boolean;
  }

  step(isFrozen: boolean): void {
    this.#histogram.step(isFrozen);
    this.shift = this.#histogram.shift;
    const is = isShifted(this.shift);
    for (let bucket = 0; bucket < CATEGORIES; bucket++) {
      const { recent, usual } = this.#shares(bucket);
      this.#hasGrown[bucket] = is && recent >= GROWN * usual && recent >= usual + GROWN_BY;
    }
  }

  moved(nameOf: (category: number) => string): string {
    return [...this.#buckets]
      .map(([category, bucket]) => ({ category, ...this.#shares(bucket) }))
      .sort((a, b) => Math.abs(b.recent - b.usual) - Math.abs(a.recent - a.usual))
      .slice(0, SAID)
      .map(
        ({ category, recent, usual }) => `${nameOf(category)} ${percent(recent)} (usually ${percent(usual)})`,
      )
      .join(', ');
  }

  #shares(bucket: number): { recent: number; usual: number } {
    const { recent, recentTotal, usual, usualTotal } = this.#histogram;
    return {
      recent: (recent[bucket] as number) / Math.max(1, recentTotal),
      usual: (usual[bucket] as number) / Math.max(1, usualTotal),
    };
  }
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
