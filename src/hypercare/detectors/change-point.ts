import { likelihoodRatio } from '../localisation/excess.ts';

/**
 * When a rise began: of all beginnings the one after which the counts exceed what was expected by the most (the largest
 * Poisson likelihood ratio of "from here on"). Oldest first; the last element is now.
 * @returns its index, and -1 if nothing rose
 */
export function riseSince(bad: readonly number[], expected: readonly number[]): number {
  let best = -1;
  let most = 0;
  let sumBad = 0;
  let sumExpected = 0;
  for (let at = bad.length - 1; at >= 0; at--) {
    sumBad += bad[at] as number;
    sumExpected += expected[at] as number;
    // A tick without a bad one is no beginning.
    if (bad[at] === 0) continue;
    const ratio = likelihoodRatio(sumBad, sumExpected);
    if (ratio > most) {
      most = ratio;
      best = at;
    }
  }
  return best;
}
