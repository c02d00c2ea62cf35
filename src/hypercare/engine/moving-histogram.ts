import { type Stability, stability } from '../detectors/stability.ts';
import { HOUR, MINUTE } from './settings.ts';

/** Ticks: what comes is held against what was before the last five minutes. */
const BACK = 5 * MINUTE;
const DECAY = 2 ** (-1 / (2 * HOUR));
/** Things that what is usual must be made of. */
const ENOUGH = 200;

/** Two histograms of the same: of what came in the last five minutes, and of all before, the younger the more. */
export class MovingHistogram {
  readonly usual: Float64Array;
  readonly recent: Float64Array;
  usualTotal = 0;
  recentTotal = 0;
  readonly #ticks: Map<number, number>[] = [new Map()];
  readonly #leastRecent: number;

  /** @param leastRecent things that must have come lately for anything to be said */
  constructor(buckets: number, leastRecent: number) {
    this.usual = new Float64Array(buckets);
    this.recent = new Float64Array(buckets);
    this.#leastRecent = leastRecent;
  }

  /** @param weight a whole number of sixteenths, so that what is added can be taken out again */
  add(bucket: number, weight = 1): void {
    const now = this.#ticks.at(-1) as Map<number, number>;
    now.set(bucket, (now.get(bucket) ?? 0) + weight);
    this.recent[bucket] = (this.recent[bucket] as number) + weight;
    this.recentTotal += weight;
  }

  /** A tick is over: the oldest of the last five minutes becomes usual. @param isFrozen unless something is wrong with it */
  step(isFrozen: boolean): void {
    this.#ticks.push(new Map());
    if (this.#ticks.length <= BACK) return;
    const oldest = this.#ticks.shift() as Map<number, number>;
    for (const [bucket, count] of oldest) {
      this.recent[bucket] = (this.recent[bucket] as number) - count;
      this.recentTotal -= count;
    }
    if (isFrozen) return;
    for (let at = 0; at < this.usual.length; at++)
      this.usual[at] = (this.usual[at] as number) * DECAY + (oldest.get(at) ?? 0);
    this.usualTotal = this.usual.reduce((sum, count) => sum + count, 0);
  }

  get isKnown(): boolean {
    return this.usualTotal >= ENOUGH;
  }

  /** Null: too little was seen, before or lately. */
  get shift(): Stability | null {
    if (!this.isKnown || this.recentTotal < this.#leastRecent) return null;
    return stability(this.recent, this.usual);
  }
}
