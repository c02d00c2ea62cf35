import { DIMENSIONS } from '../../record/signals/layout.ts';
import { type Stability, stability } from '../detectors/stability.ts';
import { HOUR, MINUTE } from './settings.ts';

/** Buckets of a histogram: powers of √2 from 1 on. */
const BUCKETS = 40;
const MOST = 1000;
/** Things that a baseline must have seen, and that must have come lately. */
const ENOUGH = 200;
const RECENT = 60;
/** Ticks: what comes is held against what was before the last five minutes. */
const BACK = 5 * MINUTE;
const DECAY = 2 ** (-1 / (2 * HOUR));
/** Share of what is usual that lies beyond each of the two ends. */
const TAIL = 0.025;

export const FEATURES = ['prompt_length', 'answer_length', 'confidence'] as const;
export type Feature = (typeof FEATURES)[number];

const bucketOf = (value: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.floor(2 * Math.log2(Math.max(1, value)))));

/** One feature of one model or prompt. */
export class Distribution {
  readonly usual: Float64Array = new Float64Array(BUCKETS);
  readonly recent: Float64Array = new Float64Array(BUCKETS);
  readonly #ticks: Map<number, number>[] = [new Map()];
  #usualTotal = 0;
  recentTotal = 0;
  #low = -1;
  #high = BUCKETS;

  /** @returns whether it lies beyond what is usual */
  add(value: number): boolean {
    const bucket = bucketOf(value);
    const now = this.#ticks.at(-1) as Map<number, number>;
    now.set(bucket, (now.get(bucket) ?? 0) + 1);
    this.recent[bucket] = (this.recent[bucket] as number) + 1;
    this.recentTotal++;
    return bucket < this.#low || bucket > this.#high;
  }

  step(isFrozen: boolean): void {
    this.#ticks.push(new Map());
    if (this.#ticks.length <= BACK) return;
    const oldest = this.#ticks.shift() as Map<number, number>;
    for (const [bucket, count] of oldest) {
      this.recent[bucket] = (this.recent[bucket] as number) - count;
      this.recentTotal -= count;
    }
    if (isFrozen) return;
    for (let at = 0; at < BUCKETS; at++)
      this.usual[at] = (this.usual[at] as number) * DECAY + (oldest.get(at) ?? 0);
    this.#usualTotal = this.usual.reduce((sum, count) => sum + count, 0);
    if (this.#usualTotal >= ENOUGH) this.#setEnds();
  }

  /** Null: too little was seen, before or lately. */
  get shift(): Stability | null {
    if (this.#usualTotal < ENOUGH || this.recentTotal < RECENT) return null;
    return stability(this.recent, this.usual);
  }

  #setEnds(): void {
    let below = 0;
    this.#low = 0;
    while (below + (this.usual[this.#low] as number) < TAIL * this.#usualTotal)
      below += this.usual[this.#low++] as number;
    let above = 0;
    this.#high = BUCKETS - 1;
    while (above + (this.usual[this.#high] as number) < TAIL * this.#usualTotal)
      above += this.usual[this.#high--] as number;
  }
}

const PROMPT = DIMENSIONS.indexOf('prompt');
const MODEL = DIMENSIONS.indexOf('model');

/** Whether what models are asked and answer is still like what it was: of each prompt, and of models without one. */
export class Drift {
  readonly #distributions = new Map<number, Record<Feature, Distribution>>();
  readonly #beyond: Feature[] = [];

  /** Below 0 is unknown. @returns the features that lie beyond what is usual; good until the next call */
  add(key: Uint16Array, tokensIn: number, tokensOut: number, confidence: number): readonly Feature[] {
    this.#beyond.length = 0;
    const of = this.#of(key);
    if (!of) return this.#beyond;
    if (tokensIn >= 0 && of.prompt_length.add(tokensIn)) this.#beyond.push('prompt_length');
    if (tokensOut > 0 && of.answer_length.add(tokensOut)) this.#beyond.push('answer_length');
    // Odds of being wrong, in thousandths: near 1 is where the differences are.
    if (confidence >= 0 && of.confidence.add(1 + 1000 * (1 - confidence))) this.#beyond.push('confidence');
    return this.#beyond;
  }

  *all(): Generator<
    readonly [dimension: number, value: number, feature: Feature, distribution: Distribution]
  > {
    for (const [key, of] of this.#distributions)
      for (const feature of FEATURES) yield [Math.floor(key / 65_536), key % 65_536, feature, of[feature]];
  }

  #of(key: Uint16Array): Record<Feature, Distribution> | undefined {
    const dimension = (key[PROMPT] as number) > 1 ? PROMPT : MODEL;
    const number = dimension * 65_536 + (key[dimension] as number);
    let of = this.#distributions.get(number);
    if (!of && this.#distributions.size < MOST) {
      of = {
        prompt_length: new Distribution(),
        answer_length: new Distribution(),
        confidence: new Distribution(),
      };
      this.#distributions.set(number, of);
    }
    return of;
  }
}
