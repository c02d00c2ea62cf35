import { hashText, mixHashes } from './hash-text.ts';

/**
 * Chooses for a key among weighted members, the same one in every process and after every restart, with nothing to
 * remember (rendezvous hashing: Thaler and Ravishankar 1998; with weights as -w / ln h: Schindelhauer and Schomaker
 * 2005). When a member goes, only its own keys move; when a weight changes, no more than must.
 */
export class Rendezvous {
  readonly #seeds: Uint32Array;
  readonly #weights: readonly number[];
  readonly #isEven: boolean;

  /**
   * @param names tell the members apart: the same names give the same choice
   * @param weights above 0, or 0 for what is never chosen
   */
  constructor(names: readonly string[], weights: readonly number[]) {
    this.#seeds = Uint32Array.from(names, hashText);
    this.#weights = weights;
    this.#isEven = weights.every((weight) => weight > 0 && weight === weights[0]);
  }

  /**
   * @param isOpen which members may be chosen; all if absent
   * @returns the index of a member; -1 if there is none
   */
  choose(key: string, isOpen?: (index: number) => boolean): number {
    const hash = hashText(key);
    let best = -1;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#seeds.length; i++) {
      if (isOpen !== undefined && !isOpen(i)) continue;
      // Half a step in, so that it is neither 0 nor 1. Its logarithm orders as it does itself: even weights do without.
      const share = (mixHashes(this.#seeds[i] as number, hash) + 0.5) / 2 ** 32;
      const weight = this.#weights[i] as number;
      // As -ln x is at least 1 - x, most need no logarithm to be known to lose (3.2 µs become 0.6 with 100 members).
      if (!this.#isEven && weight <= highest * (1 - share)) continue;
      const score = this.#isEven ? share : weight / -Math.log(share);
      if (score <= highest || score === 0) continue;
      highest = score;
      best = i;
    }
    return best;
  }
}
