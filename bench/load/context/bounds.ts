import type { Interval } from '../../harness/statistics.ts';

/** Below it an interval is no word on anything: four rounds reach 87.5 %, five 93.75 %. */
const CONFIDENT = 0.93;

/** Whether a figure stays within a bound, as far as the rounds can tell. */
export function keeps(bound: number, { low, high, confidence }: Interval): string {
  if (confidence < CONFIDENT) return 'too few rounds';
  if (high <= bound) return 'yes';
  return low > bound ? 'no' : 'not told';
}
