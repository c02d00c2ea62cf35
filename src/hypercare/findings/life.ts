import type { FindingState } from '../../contracts/finding.ts';
import type { Finding, HistoryEntry } from './finding.ts';

/** From which state to which. What is not here does not happen. */
const NEXT: Readonly<Record<FindingState, readonly FindingState[]>> = {
  open: ['acknowledged', 'acting', 'verifying', 'muted', 'expired'],
  acknowledged: ['acting', 'verifying', 'muted', 'expired', 'open'],
  acting: ['verifying', 'open', 'acknowledged'],
  verifying: ['resolved', 'open', 'acting', 'expired'],
  resolved: ['regressed'],
  regressed: ['acknowledged', 'acting', 'verifying', 'muted', 'expired'],
  muted: ['open', 'acknowledged', 'expired', 'verifying'],
  expired: ['regressed', 'open'],
};

export const canBecome = (from: FindingState, to: FindingState): boolean => NEXT[from].includes(to);

/** Entries of a history that are kept: the first ones and the newest. */
const MOST_HISTORY = 200;

/** What happened, beside a change of state. */
export interface Happening {
  at: number;
  by: string;
  what: string;
  note?: string;
  since?: number;
}

/** The finding with an entry more in its history. */
export function noted(finding: Finding, { at, by, what, note = '' }: Happening): Finding {
  return withEntry(finding, { at, by, what, from: null, to: null, note });
}

/**
 * The finding in another state, with what follows from that and an entry in its history.
 * @throws Error if it can't become that
 */
export function moved(finding: Finding, to: FindingState, happening: Happening): Finding {
  const { at, by, what, note = '', since } = happening;
  const { state: from } = finding;
  if (!canBecome(from, to)) throw new Error(`a finding that is ${from} can’t become ${to}`);
  const times = {
    acknowledgedAt: to === 'acknowledged' ? (finding.acknowledgedAt ?? at) : finding.acknowledgedAt,
    resolvedAt: to === 'resolved' ? at : to === 'regressed' ? null : finding.resolvedAt,
    timesRegressed: finding.timesRegressed + (to === 'regressed' ? 1 : 0),
    muted: to === 'muted' ? finding.muted : null,
  };
  const entry = { at, by, what, from, to, note, ...(since !== undefined && { since }) };
  return withEntry({ ...finding, ...times, state: to }, entry);
}

function withEntry(finding: Finding, entry: HistoryEntry): Finding {
  const history = [...finding.history, entry];
  if (history.length > MOST_HISTORY) history.splice(20, history.length - MOST_HISTORY);
  return { ...finding, history, updatedAt: Math.max(finding.updatedAt, entry.at) };
}
