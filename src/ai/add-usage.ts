import type { Amount, Usage } from '../contracts/usage.ts';

/** What two answers, or two parts of one, came to: each what it is billed. */
export function addUsage({ byOthers: ofOne = [], ...first }: Usage, second: Usage): Usage {
  const { byOthers: ofOther = [], ...last } = second;
  const { billed: one = first } = first;
  const { billed: other = last } = last;
  const kinds = Object.keys({ ...one, ...other }) as Amount[];
  const sum: Usage = { ...other };
  for (const kind of kinds) sum[kind] = (one[kind] ?? 0) + (other[kind] ?? 0);
  // It is no amount.
  if (sum.surcharge) sum.surcharge = Math.max(one.surcharge ?? 1, other.surcharge ?? 1);
  const byOthers = [...ofOne, ...ofOther];
  return byOthers.length > 0 ? { ...sum, byOthers } : sum;
}
