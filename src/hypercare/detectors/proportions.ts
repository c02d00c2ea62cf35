import type { BadAndTotal } from '../../contracts/signal.ts';

/** z of two proportions, pooled; above 0: the first is the higher. 0 where there is nothing to compare. */
export function twoProportionZ(one: BadAndTotal, other: BadAndTotal): number {
  if (one.total === 0 || other.total === 0) return 0;
  const pooled = (one.bad + other.bad) / (one.total + other.total);
  const variance = pooled * (1 - pooled) * (1 / one.total + 1 / other.total);
  return variance <= 0 ? 0 : (one.bad / one.total - other.bad / other.total) / Math.sqrt(variance);
}

const Z95 = 1.959964;

/** 95 % interval of a proportion (Wilson 1927): holds for few events and for rates near 0 and 1. */
export function wilson({ bad, total }: BadAndTotal): readonly [number, number] {
  if (total === 0) return [0, 1];
  const rate = bad / total;
  const z2 = Z95 ** 2 / total;
  const centre = (rate + z2 / 2) / (1 + z2);
  const half = (Z95 * Math.sqrt((rate * (1 - rate)) / total + z2 / (4 * total))) / (1 + z2);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** How far a count is above what was expected, in standard deviations of a Poisson count (Anscombe's root). */
export const countZ = (observed: number, expected: number): number =>
  2 * (Math.sqrt(observed + 0.375) - Math.sqrt(Math.max(0, expected) + 0.375));
