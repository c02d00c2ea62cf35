import { setImmediate as turn } from 'node:timers/promises';
import type { Ledger, LedgerRow } from '../contracts/ledger.ts';

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

/** Of calls that belong together. */
export interface UsageFigures {
  calls: number;
  /** Calls that were answered from the cache: no provider was asked, they are none of `calls`. */
  fromCache: number;
  /** Calls whose tokens were estimated, and calls without a price: how much the figures are to be trusted. */
  estimated: number;
  unpriced: number;
  input: number;
  output: number;
  cached: number;
  cacheWrite: number;
  reasoning: number;
  audio: number;
  image: number;
  usd: number;
  /** What those from the cache had cost when their answers were made. */
  savedUsd: number;
}

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
/** Rows between which the event loop gets a turn: 1 to 2 ms, so that no request waits for a report. */
const ROWS_A_TURN = 500;

/** Adds up the ledger from `from` (inclusive) to `to`, milliseconds since the epoch. */
export async function usageReport(
  ledger: Ledger,
  { from, to, by }: { from: number; to: number; by: readonly UsageDimension[] },
): Promise<UsageReport> {
  const groups = new Map<string, UsageGroup>();
  const total = nothing();
  let isCut = false;
  for await (const row of rowsOf(ledger, from, to)) {
    add(total, row);
    for (const values of combinations(row, by)) {
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
      add(group, row);
    }
  }
  const sorted = [...groups.values()].sort((a, b) => b.usd - a.usd || (a.by.join() < b.by.join() ? -1 : 1));
  return { groups: sorted, total, isCut };
}

const OTHER = '__other';

/** The rows of a time, page by page. */
export async function* rowsOf(ledger: Ledger, from: number, to: number): AsyncGenerator<LedgerRow> {
  let after: LedgerRow | undefined;
  for (;;) {
    const page = await ledger.read({ from, to, after, limit: ROWS_A_TURN });
    yield* page;
    if (page.length < ROWS_A_TURN) return;
    after = page.at(-1);
    await turn();
  }
}

/** The day of UTC: `2026-11-23`. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

function combinations(row: LedgerRow, by: readonly UsageDimension[]): string[][] {
  let all: string[][] = [[]];
  for (const dimension of by) {
    const values = valuesOf(row, dimension);
    all = all.flatMap((before) => values.map((value) => [...before, value]));
  }
  return all;
}

function valuesOf(row: LedgerRow, dimension: UsageDimension): readonly string[] {
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

const nothing = (): UsageFigures => ({
  calls: 0,
  fromCache: 0,
  estimated: 0,
  unpriced: 0,
  input: 0,
  output: 0,
  cached: 0,
  cacheWrite: 0,
  reasoning: 0,
  audio: 0,
  image: 0,
  usd: 0,
  savedUsd: 0,
});

function add(figures: UsageFigures, { tokens, usd, usageSource, isEarlier, savedUsd = 0 }: LedgerRow): void {
  figures.savedUsd += savedUsd;
  if (!isEarlier) {
    if (usageSource === 'cached') figures.fromCache++;
    else figures.calls++;
    if (usageSource === 'estimated') figures.estimated++;
    if (usd < 0) figures.unpriced++;
  }
  figures.usd += Math.max(0, usd);
  for (const kind of ['input', 'output', 'cached', 'cacheWrite', 'reasoning', 'audio', 'image'] as const)
    figures[kind] += tokens[kind];
}
