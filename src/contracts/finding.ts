import type { Dimension, Scope } from './signal.ts';

export type Severity = 'critical' | 'high' | 'medium' | 'low';
/** P0 drop everything, P1 hours, P2 one to two days, P3 three to five days, P4 the next patch. */
export type Priority = 'P0' | 'P1' | 'P2' | 'P3' | 'P4';
export type FindingCategory =
  | 'bug'
  | 'performance'
  | 'usability'
  | 'feature-request'
  | 'data'
  | 'integration'
  | 'security'
  | 'user-error';

/** One of the rules by which something is noticed. */
export type DetectorId =
  | 'errors'
  | 'slow'
  | 'peer-outlier'
  | 'objective-burn'
  | 'access'
  | 'cost'
  | 'contract'
  | 'context'
  | 'silent-failure'
  | 'stale-cache'
  | 'creep'
  | 'drift'
  | 'voice'
  | 'state';

export type FindingState =
  | 'open'
  | 'acknowledged'
  | 'acting'
  | 'verifying'
  | 'resolved'
  | 'regressed'
  | 'muted'
  | 'expired';

/** A figure that was looked at. Rates are from 0 to 1, times in milliseconds, money in US dollars. */
export interface Measured {
  readonly signal: string;
  readonly unit: 'rate' | 'ms' | 'usd' | 'count' | 'tokens';
  readonly observed: number;
  readonly expected: number;
  /** observed / expected; null where nothing was expected. */
  readonly ratio: number | null;
  /** 95 % interval of what was observed. */
  readonly interval: readonly [number, number];
  /** What the signal's other reasons have at the same place: a fix is proven against all of them. Absent: nothing. */
  readonly beside?: { readonly observed: number; readonly expected: number };
}

/** Where it is: each scope holds a part of the excess. */
export interface FindingPlace {
  readonly scopes: readonly Scope[];
  /** Share of the whole excess inside them, from 0 to 1. */
  readonly share: number;
  /** What was looked at beside it and is as usual. */
  readonly normal: readonly { readonly dimension: Dimension; readonly values: readonly string[] }[];
}

export interface FindingTime {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Null while it lasts. */
  readonly until: number | null;
  readonly pattern: 'constant' | 'peak-hours' | 'bursts' | 'growing' | 'unknown';
}

/** How much it matters; null where it is not known. */
export interface Impact {
  readonly requests: number;
  /** Of the requests at the place, from 0 to 1. */
  readonly share: number;
  readonly consumers: number | null;
  readonly users: number | null;
  readonly sessions: number | null;
  readonly usd: number | null;
  /** Of an objective's error budget, from 0 to 1. */
  readonly budgetBurnt: number | null;
}

/** A change of state near the beginning. */
export interface Correlate {
  /** A `StateKind`. */
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly at: number;
  /** Who changed it, as a `StateChange` says. Absent: findings of earlier versions don't have it. */
  readonly by?: string;
  /** From the change to the beginning of the finding; below 0: the change came after it. */
  readonly secondsBefore: number;
  /** From 0 to 1: time, overlap of scope, before and after, dose. */
  readonly score: number;
}

export type CauseKind =
  | 'config'
  | 'release'
  | 'prompt'
  | 'target'
  | 'upstream'
  | 'provider'
  | 'consumer'
  | 'key'
  | 'loop'
  | 'cache'
  | 'context'
  | 'contract'
  | 'capacity'
  | 'client'
  | 'certificate'
  | 'tool'
  | 'unknown';

export interface Cause {
  readonly kind: CauseKind;
  /** Whole, for people. */
  readonly sentence: string;
  /** From 0 to 1. */
  readonly confidence: number;
  /** The change that it is put down to, where there is one. */
  readonly change: Correlate | null;
}

export interface Evidence {
  /** Request ids. */
  readonly bad: readonly string[];
  readonly good: readonly string[];
  /** Breaker and health events, violations, sentences of people: one line each. */
  readonly events: readonly string[];
}

/** Why this was flagged. */
export interface Why {
  readonly detector: DetectorId;
  readonly statistic: number;
  readonly threshold: number;
  /** What was taken as usual: `objective`, `siblings`, `previous-revision`, `imported`, `hour-of-week`, `recent`. */
  readonly baseline: string;
  readonly sentence: string;
}

/** What the detecting side says: all of a finding that comes from the traffic itself. */
export interface Detection {
  /** Detector, signal, coarsened place and reason; no times and no values. */
  readonly fingerprint: string;
  readonly detector: DetectorId;
  /** A code of the error table or a kind of event that the signal was split by, or ''. */
  readonly reason: string;
  readonly category: FindingCategory;
  readonly severity: Severity;
  /** Free labels, such as `context-integrity`. */
  readonly labels: readonly string[];
  readonly what: Measured;
  readonly where: FindingPlace;
  readonly when: FindingTime;
  readonly impact: Impact;
  readonly correlates: readonly Correlate[];
  readonly cause: Cause;
  readonly evidence: Evidence;
  readonly why: Why;
  /** The config revisions that the events belong to. */
  readonly revisions: readonly number[];
  /** Counts are of a part of the replicas only: the store was away. */
  readonly isPartial: boolean;
}

/** What the detecting side tells as time goes by: it opened, it goes on (with newer figures), it is over by itself. */
export interface DetectionEvent {
  readonly kind: 'opened' | 'updated' | 'ended';
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly detection: Detection;
}
