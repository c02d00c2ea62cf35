import type { CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';
import { isSelected } from './selection.ts';

/**
 * What was purged of late, so that an answer which was asked for before and comes after it is not kept. Plain data: it
 * lies in the store, too.
 */
export interface Purges {
  /** Wall clock, milliseconds: of purges up to then nobody knows any more what they selected. */
  readonly before: number;
  /** Oldest first. */
  readonly latest: readonly Purge[];
}

interface Purge {
  readonly at: number;
  readonly selection: PurgeSelection;
}

export const NO_PURGES: Purges = { before: 0, latest: [] };

/** Bounds of what is remembered, together some 50 kB. An answer that is under way for longer is fetched again. */
const MOST = 200;
const LONGEST_TEXT = 250;
const REMEMBERED_MS = 10 * 60_000;

/** The same with one more. Clocks of replicas differ: a later purge may have an earlier time. */
export function withPurge({ before, latest }: Purges, selection: PurgeSelection, at: number): Purges {
  const brief = inBrief(selection);
  const text = JSON.stringify(brief);
  const same = latest.find((purge) => JSON.stringify(purge.selection) === text);
  const others = latest.filter((purge) => purge !== same);
  const all = [...others, { at: Math.max(at, same?.at ?? at), selection: brief }];
  const young = all.findIndex((purge) => purge.at > at - REMEMBERED_MS);
  const first = Math.max(young, all.length - MOST);
  return {
    before: all.slice(0, first).reduce((latest, purge) => Math.max(latest, purge.at), before),
    latest: all.slice(first),
  };
}

/** Whether an answer of a route was asked for before a purge that selects it. */
export function isPurged(
  { before, latest }: Purges,
  route: string,
  answer: Pick<CachedAnswer, 'url' | 'tags' | 'requestedAt'>,
): boolean {
  if (answer.requestedAt <= before) return true;
  return latest.some(({ at, selection }) => answer.requestedAt <= at && isSelected(selection, route, answer));
}

/** Of a selection that is too long to be remembered the route alone: that selects more, and what is lost is a fetch. */
function inBrief(selection: PurgeSelection): PurgeSelection {
  const { route } = selection;
  if (JSON.stringify(selection).length <= LONGEST_TEXT) return selection;
  return route === undefined || route.length > LONGEST_TEXT ? {} : { route };
}
