import type { Random } from './picker.ts';

/** Draws indices at random, each as often as its weight says. */
export class WeightedDraw {
  readonly #random: Random;
  /** Where each one's stretch of [0, total) ends. */
  readonly #ends: Float64Array;
  readonly #total: number;
  readonly #isEven: boolean;

  /** @param weights above 0 */
  constructor(weights: readonly number[], random: Random) {
    this.#random = random;
    this.#ends = new Float64Array(weights.length);
    let total = 0;
    for (const [i, weight] of weights.entries()) {
      total += weight;
      this.#ends[i] = total;
    }
    this.#total = total;
    this.#isEven = weights.every((weight) => weight === weights[0]);
  }

  get size(): number {
    return this.#ends.length;
  }

  /** -1 if there is nothing to draw. */
  draw(): number {
    if (this.size === 0) return -1;
    if (this.#isEven) return Math.floor(this.#random() * this.size);
    return this.#indexOf(this.#random() * this.#total);
  }

  /** One that is not `taken`, by the weights of the others; -1 if there is none. */
  drawOther(taken: number): number {
    if (this.size < 2) return -1;
    if (this.#isEven) {
      const other = Math.floor(this.#random() * (this.size - 1));
      return other < taken ? other : other + 1;
    }
    const start = taken === 0 ? 0 : (this.#ends[taken - 1] as number);
    const width = (this.#ends[taken] as number) - start;
    const point = this.#random() * (this.#total - width);
    return this.#indexOf(point < start ? point : point + width);
  }

  /** The first whose stretch ends beyond the point. */
  #indexOf(point: number): number {
    let low = 0;
    let high = this.size - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
