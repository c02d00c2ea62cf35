/** (bad, total) of now and of the baseline, over one leaf or over a set of leaves. */
export interface Counts {
  bad: number;
  total: number;
  baseBad: number;
  baseTotal: number;
}

/**
 * Weight of the whole's baseline rate in a set's own, in requests: a set that was hardly seen before is expected to
 * behave as everything did (empirical Bayes with a prior of this many requests).
 */
const PRIOR_REQUESTS = 100;

/** What is expected of a set, from its own past and, as far as that is thin, from everything's. */
export class Expectation {
  readonly #rate: number;

  /** @param whole the baseline of everything together */
  constructor(whole: Pick<Counts, 'baseBad' | 'baseTotal'>) {
    // Half a bad one in one request more, so that no rate is 0 or 1.
    this.#rate = (whole.baseBad + 0.5) / (whole.baseTotal + 1);
  }

  /** Bad ones that a set would have now if nothing had changed. */
  of({ total, baseBad, baseTotal }: Counts): number {
    return (total * (baseBad + PRIOR_REQUESTS * this.#rate)) / (baseTotal + PRIOR_REQUESTS);
  }

  /** Bad ones beyond that; below 0 where it got better. */
  excessOf(counts: Counts): number {
    return counts.bad - this.of(counts);
  }
}

/**
 * Log-likelihood ratio of "the rate went up" against "it is what it was", for Poisson counts: O·ln(O/E) − (O−E)
 * (Kulldorff 1997, the scan statistic for a small part of the whole). 0 where there is no excess.
 */
export function likelihoodRatio(observed: number, expected: number): number {
  if (observed <= expected) return 0;
  const e = Math.max(expected, Number.EPSILON);
  return observed * Math.log(observed / e) - (observed - e);
}
