import type { Detection, DetectionEvent } from './finding.ts';
import type { BadAndTotal, Dimension, Scope, Watch, WatchedTick } from './signal.ts';

/** What somebody said about the service, as the engine counts it. Texts stay with who keeps the feedback. */
export interface FeedbackSignal {
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
  readonly kind: 'thumbs' | 'csat' | 'nps' | 'complaint';
  /** Thumbs: 1 up, 0 down. CSAT: 1 to 5. NPS: 0 to 10. A complaint has none: -1. */
  readonly score: number;
  /** Of a complaint: what it is about, as it was classified (`forgot`, `slow`, `wrong`); else ''. */
  readonly topic: string;
  /** Of the request that it is linked to; '' if none is. */
  readonly requestId: string;
  /** Who said it, as a stable text that is hashed at once; '' if not known. */
  readonly author: string;
  /** What is known of the place: that of the linked request, if it is not given. */
  readonly scope: Scope;
}

/** What was done to a conversation's context, once an operation. */
export interface ContextSignal {
  readonly at: number;
  /** `load`, `append`, `compact`, `recall`, … */
  readonly operation: string;
  /** `ok`, or why the conversation did not go on as it should: `lost_turn`, `conflict`, `store_down`, `expired`, `reask`, … */
  readonly outcome: string;
  readonly session: string;
  readonly requestId: string;
  /** Tokens of the context after it; -1 = unknown. */
  readonly tokens: number;
  readonly scope: Scope;
}

/** An attempt at an upstream or a model, as it is kept with a request. */
export interface RecordedAttempt {
  readonly upstream: string;
  readonly target: string;
  readonly reason: string;
  /** When it had failed: milliseconds since the request began. */
  readonly endedMs: number;
}

/** What is kept of a request for a while, to be shown: no header, no body, no query. */
export interface RecordedRequest {
  readonly id: string;
  readonly traceId: string;
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reason: string;
  readonly durationMs: number;
  readonly scope: Scope;
  readonly session: string;
  /** A hash of the user; '' if nobody said who it was. */
  readonly user: string;
  readonly attempts: readonly RecordedAttempt[];
  readonly retries: number;
  readonly breaker: string;
  readonly fallback: string;
  readonly cache: string;
  readonly outcome: string;
  readonly usd: number | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly firstTokenMs: number | null;
}

/** Which of the kept requests: all that is given must fit. */
export interface RequestQuery {
  readonly id?: string;
  readonly consumer?: string;
  readonly route?: string;
  readonly model?: string;
  readonly reason?: string;
  readonly session?: string;
  /** A hash, as a `RecordedRequest` shows it. */
  readonly user?: string;
  readonly isBad?: boolean;
  readonly from?: number;
  readonly to?: number;
  /** Most of them, the newest first; 100 if not given, 1,000 at most. */
  readonly limit?: number;
}

/** A rate over time. */
export interface RatePoint extends BadAndTotal {
  /** Beginning of the step, milliseconds since the epoch. */
  readonly at: number;
}

export interface RateQuery {
  /** A signal's name (`errors`, `slow`, …), or one with its reason (`errors:upstream_timeout`). */
  readonly signal: string;
  /** None or one dimension: the engine keeps series of single values. Of more, the first that is kept counts. */
  readonly scope: Scope;
  readonly from: number;
  readonly to: number;
  /** Ticks are kept for a day, minutes for 14 days, hours for 400 days (times scale with `hypercare.tick`). */
  readonly step: 'tick' | 'minute' | 'hour';
}

/** How an objective stands. */
export interface ObjectiveState {
  readonly name: string;
  readonly scope: Scope;
  readonly kind: 'availability' | 'latency' | 'first-token' | 'continuity' | 'spend';
  /** The share that may be bad, from 0 to 1; for `spend` US dollars a day. */
  readonly allowed: number;
  /** Window, in milliseconds. */
  readonly over: number;
  readonly bad: number;
  readonly total: number;
  /** Of the error budget, what is left: 1 = all of it, below 0: overspent; null: no traffic yet. */
  readonly budgetLeft: number | null;
  /** How fast the budget burns over the last hour: 1 = it will just last; null: no traffic. */
  readonly burn: number | null;
  /** null: not enough traffic in the window to tell (fewer than 20 requests). */
  readonly isMet: boolean | null;
  /** Since when there is data, within the window; null: none. */
  readonly since: number | null;
}

/** One line of the traffic map: who calls whom, over the last ten minutes (ticks × 60). */
export interface TrafficEdge {
  readonly from: { readonly dimension: Dimension | 'gateway'; readonly value: string };
  readonly to: { readonly dimension: Dimension; readonly value: string };
  readonly requestsPerSecond: number;
  /** From 0 to 1. */
  readonly errorRate: number;
  /** Milliseconds; null: no request. Of the receiving end. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** How busy an end of the traffic is, over a stretch of time. */
export interface TrafficFigures {
  readonly requests: number;
  readonly errors: number;
  readonly consumers: number;
  /** Those who were hit. */
  readonly users: number;
  readonly usd: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What a provider bills for some days, and what the ledger has of them, in US dollars. */
export interface Bill {
  readonly provider: string;
  readonly ledgerUsd: number;
  readonly providerUsd: number;
}

/** What the engine knows, asked of it. Answers come from the engine's thread, within its deadline or not at all. */
export interface EngineQueries {
  rates(query: RateQuery): Promise<readonly RatePoint[]>;
  objectives(): Promise<readonly ObjectiveState[]>;
  trafficMap(): Promise<readonly TrafficEdge[]>;
  /** Of a place (none or one dimension) over the last six minutes, times over the last ten. */
  figures(scope: Scope): Promise<TrafficFigures>;
  /** Values of a dimension that were met lately, the busiest first, at most 1,000. */
  values(dimension: Dimension): Promise<readonly string[]>;
  /** Requests kept in memory, the newest first: bad ones longer than good ones. */
  requests(query: RequestQuery): readonly RecordedRequest[];
}

/** How the engine itself is. */
export interface EngineStatus {
  /** `running`, `restarting` after its thread ended, `stalled`: no tick for three of them. */
  readonly state: 'off' | 'running' | 'restarting' | 'stalled';
  /** Wall clock of the last tick; null: none yet. */
  readonly lastTickAt: number | null;
  /** Milliseconds from a signal to its being counted, of the last batch. */
  readonly lagMs: number;
  readonly dropped: number;
  readonly queued: number;
  readonly leaves: number;
  readonly restarts: number;
  /** Milliseconds of CPU that a tick took, the last one. */
  readonly tickMs: number;
  readonly isPartial: boolean;
}

/** Who says that a tick is over: a timer, or whoever has the engine. */
export type Ticks = 'timer' | 'manual';

/**
 * The half of hypercare that looks: from traffic to detections. It runs in a thread of its own; what it is told it
 * takes at once and without waiting, and what it finds it says to who listens.
 */
export interface Engine {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends the thread as a fault would: another begins, and goes on with what was open. */
  crash(): Promise<void>;
  /**
   * Ends a tick, where ticks are manual: resolves when what it found has been told. Rejects if they come by the clock, or if
   * there is no thread. @param at wall clock, milliseconds since the epoch
   */
  tick(at: number): Promise<void>;
  /** Goes on with what it does not know of what is open: tells newer figures of it, and its end. */
  resume(open: readonly Detection[]): void;
  /** Events come in order. An `opened` is repeated after a restart of the engine's thread if it was open: same fingerprint. */
  onDetection(listener: (event: DetectionEvent) => void): () => void;
  onWatched(listener: (tick: WatchedTick) => void): () => void;
  watch(watch: Watch): void;
  unwatch(id: string): void;
  /** What people say; it must have been accepted by then. */
  feedback(signal: FeedbackSignal): void;
  context(signal: ContextSignal): void;
  /** The provider's bill and the ledger, compared: a difference beyond 2 % is a detection until there is none any more. */
  reconciled(bill: Bill): void;
  readonly queries: EngineQueries;
  readonly status: EngineStatus;
}
