import type { Finding, HistoryEntry } from './finding.ts';

/** One time that a finding lasted: from its being found, or found again, to its end. Milliseconds since the epoch. */
export interface Episode {
  readonly openedAt: number;
  /** When what it says began; undefined: nobody knows. */
  readonly since: number | undefined;
  /** When somebody took it on, or acted at once; undefined: nobody did. */
  takenOnAt: number | undefined;
  /** Undefined: it lasts, or it ended without proof. */
  resolvedAt: number | undefined;
}

/** The oldest first, as the history has them. */
export function episodesOf({ history, when }: Pick<Finding, 'history' | 'when'>): Episode[] {
  const episodes: Episode[] = [];
  let current: Episode | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  for (const entry of history) {
    const { at, to } = entry;
    if (isBeginning(entry)) {
      // Of entries of earlier versions only the last says it: the finding has the time of its last episode.
      const known = when.since >= endedAt && when.since <= at ? when.since : undefined;
      current = { openedAt: at, since: entry.since ?? known, takenOnAt: undefined, resolvedAt: undefined };
      episodes.push(current);
    } else if (current && isAct(entry)) current.takenOnAt ??= at;
    if (to !== 'resolved' && to !== 'expired') continue;
    if (current && to === 'resolved') current.resolvedAt = at;
    current = undefined;
    endedAt = at;
  }
  return episodes;
}

const isBeginning = ({ from, to }: HistoryEntry): boolean =>
  to === 'regressed' || (to === 'open' && (from === null || from === 'expired'));

const isAct = ({ to, by, what }: HistoryEntry): boolean =>
  what === 'acknowledged' ||
  to === 'acknowledged' ||
  to === 'acting' ||
  (to === 'verifying' && by !== 'gateway');
