/** The middle, the ends, and every value in the order of the rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  values: readonly number[];
}

function medianOf(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: medianOf(sorted),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    values,
  };
}

/** A confidence interval for a median. */
export interface Interval {
  median: number;
  low: number;
  high: number;
  /** How often an interval made like this holds the true median: 0 to 1. */
  confidence: number;
}

/** Five rounds reach 93.75 % with their smallest and largest value; more rounds may leave extremes out. */
const WANTED = 0.93;

/**
 * Interval between order statistics: it supposes nothing about how noise is distributed. The k-th smallest to the k-th
 * largest of n values holds the median with probability 1 − 2·Σ_{i<k} C(n,i)/2ⁿ (David and Nagaraja, Order Statistics,
 * section 7.1). Below five values it is the whole range, with a confidence that says so.
 */
export function interval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let k = 1;
  let choose = 1; // C(n, i)
  let outside = 2 ** -n; // P(fewer than k values lie below the median)
  for (let i = 1; i <= (n - 1) / 2; i++) {
    choose = (choose * (n - i + 1)) / i;
    const next = outside + choose * 2 ** -n;
    if (1 - 2 * next < WANTED) break;
    outside = next;
    k = i + 1;
  }
  return {
    median: medianOf(sorted),
    low: sorted[k - 1] ?? Number.NaN,
    high: sorted[n - k] ?? Number.NaN,
    confidence: Math.max(0, 1 - 2 * outside),
  };
}

/** What an interval of differences says. `too few rounds` have no interval that could be relied on. */
export type Verdict = 'different' | 'no difference' | 'too few rounds';

export function verdictOn(differences: Interval): Verdict {
  if (differences.confidence < WANTED) return 'too few rounds';
  return differences.low <= 0 && differences.high >= 0 ? 'no difference' : 'different';
}

/** Whether a figure stays within a bound, as far as the rounds can tell. */
export function keeps(bound: number, { low, high, confidence }: Interval): string {
  if (confidence < WANTED) return 'too few rounds';
  if (high <= bound) return 'yes';
  return low > bound ? 'no' : 'not told';
}
