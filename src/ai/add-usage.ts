import type { Amount, Usage } from '../contracts/usage.ts';

/** What two answers, or two parts of one, came to. */
export function addUsage(
  { byOthers: ofOne = [], ...one }: Usage,
  { byOthers: ofOther = [], ...other }: Usage,
): Usage {
  const kinds = Object.keys({ ...one, ...other }) as Amount[];
  const sum: Usage = { ...other };
  for (const kind of kinds) sum[kind] = (one[kind] ?? 0) + (other[kind] ?? 0);
  // It is no amount.
  if (sum.surcharge) sum.surcharge = Math.max(one.surcharge ?? 1, other.surcharge ?? 1);
  const byOthers = [...ofOne, ...ofOther];
  return byOthers.length > 0 ? { ...sum, byOthers } : sum;
}
