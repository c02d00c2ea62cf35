import type { FindingCategory } from '../../contracts/finding.ts';
import type { Scope } from '../../contracts/signal.ts';

export const SCORE_KINDS = ['thumbs', 'csat', 'nps'] as const;
export type ScoreKind = (typeof SCORE_KINDS)[number];

/** Least and most of each kind of score. */
export const SCORES: Readonly<Record<ScoreKind, readonly [number, number]>> = {
  thumbs: [0, 1],
  csat: [1, 5],
  nps: [0, 10],
};

/** What is known of the request that a report is about. */
export interface LinkedRequest {
  readonly id: string;
  readonly how: 'request-id' | 'session' | 'consumer';
  readonly at: number;
  readonly status: number;
  readonly reason: string;
  readonly durationMs: number;
  readonly scope: Scope;
  readonly attempts: readonly {
    readonly upstream: string;
    readonly target: string;
    readonly reason: string;
  }[];
}

/** One thing that somebody said. Text is as it came: it is escaped where it is shown. */
export interface Report {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly source: 'api' | 'widget' | 'jira' | 'zendesk' | 'github' | 'team';
  readonly score: number | null;
  readonly scoreKind: ScoreKind | null;
  readonly comment: string;
  readonly category: FindingCategory;
  readonly labels: readonly string[];
  readonly page: string;
  readonly appVersion: string;
  readonly screenshot: string;
  readonly survey: string;
  readonly consumer: string;
  /** A digest: tells people apart, and names nobody. */
  readonly author: string;
  /** As it was sent; it may be unknown to us. */
  readonly requestId: string;
  /** Of a ticket: its name and address elsewhere. */
  readonly external: { readonly id: string; readonly url: string } | null;
  /** How often the same was said. */
  readonly count: number;
  readonly lastAt: number;
  /** What would help to find it; '' = nothing. */
  readonly question: string;
  /** The report that this one answers the question of. */
  readonly about: string;
  readonly request: LinkedRequest | null;
  readonly findings: readonly string[];
  /** The findings that were proven fixed. */
  readonly fixed: readonly string[];
  /** What the team said to whoever reported it; absent: nothing yet. */
  readonly answer?: Answer;
}

export interface Answer {
  readonly at: number;
  /** Who gave it: an operator's name, for the team. */
  readonly by: string;
  readonly text: string;
}

/** What it complains about, as complaints are counted; '' = it is a score. */
export const topicOf = ({
  score,
  labels,
  category,
}: Pick<Report, 'score' | 'labels' | 'category'>): string => (score === null ? (labels[0] ?? category) : '');
