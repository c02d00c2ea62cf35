import { add, nothing, type UsageFigures } from './usage-figures.ts';
import type { UsageOf, UsageSums } from './usage-sums.ts';

/** What usage can be grouped by. A call with several groups or tags counts under each. */
export const USAGE_DIMENSIONS = [
  'day',
  'consumer',
  'group',
  'user',
  'model',
  'provider',
  'upstreamModel',
  'prompt',
  'tag',
  'outcome',
  'revision',
] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

export interface UsageGroup extends UsageFigures {
  /** The value of each dimension that was asked for, in its order; '' where a call has none. */
  readonly by: readonly string[];
}

export interface UsageReport {
  /** The dearest first. */
  readonly groups: readonly UsageGroup[];
  readonly total: UsageFigures;
  /** More groups than are held came up: the figures of these are in the group whose dimensions are all `__other`. */
  readonly isCut: boolean;
}

/** Groups of one report. */
const MOST_GROUPS = 10_000;

/** Adds up the ledger from `from` (inclusive) to `to`, milliseconds since the epoch. */
export async function usageReport(
  all: UsageSums,
  { from, to, by }: { from: number; to: number; by: readonly UsageDimension[] },
): Promise<UsageReport> {
  const groups = new Map<string, UsageGroup>();
  const total = nothing();
  let isCut = false;
  for await (const sums of all.of(from, to)) {
    for (const { of, figures } of sums) {
      add(total, figures);
      for (const values of combinations(of, by)) {
        let key = JSON.stringify(values);
        let group = groups.get(key);
        if (!group && groups.size >= MOST_GROUPS) {
          isCut = true;
          key = OTHER;
          group = groups.get(key);
        }
        if (!group) {
          group = { by: key === OTHER ? by.map(() => OTHER) : values, ...nothing() };
          groups.set(key, group);
        }
        add(group, figures);
      }
    }
  }
  const sorted = [...groups.values()].sort((a, b) => b.usd - a.usd || (a.by.join() < b.by.join() ? -1 : 1));
  return { groups: sorted, total, isCut };
}

const OTHER = '__other';

/** The day of UTC: `2026-11-23`. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

function combinations(row: UsageOf, by: readonly UsageDimension[]): string[][] {
  let all: string[][] = [[]];
  for (const dimension of by) {
    const values = valuesOf(row, dimension);
    all = all.flatMap((before) => values.map((value) => [...before, value]));
  }
  return all;
}

function valuesOf(row: UsageOf, dimension: UsageDimension): readonly string[] {
  switch (dimension) {
    case 'day':
      return [dayOf(row.at)];
    case 'group':
      return row.groups.length > 0 ? row.groups : [''];
    case 'tag':
      return row.tags.length > 0 ? row.tags : [''];
    case 'revision':
      return [String(row.revision)];
    default:
      return [row[dimension]];
  }
}
