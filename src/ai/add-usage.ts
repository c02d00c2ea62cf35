import type { Usage } from '../contracts/usage.ts';

/** What two answers, or two parts of one, came to. */
export function addUsage(one: Usage, other: Usage): Usage {
  const kinds = Object.keys({ ...one, ...other }) as (keyof Usage)[];
  const sum = { ...other };
  for (const kind of kinds) sum[kind] = (one[kind] ?? 0) + (other[kind] ?? 0);
  // It is no amount.
  if (sum.surcharge) sum.surcharge = Math.max(one.surcharge ?? 1, other.surcharge ?? 1);
  return sum;
}
