import type { Budgets } from './budget.ts';
import type { Ledger } from './ledger.ts';
import type { Sessions } from './session.ts';

/** What a fixed-window counter says after a step. */
export interface CounterState {
  /** The counter's value in its current window, this step included. */
  value: number;
  /** Milliseconds until the window ends and the counter starts again from 0. */
  resetMs: number;
}

/**
 * How a limit counts. `fixed-window`: so many from the first one on until the window is over, then anew.
 * `sliding-window`: so many in any stretch of time as long as the window; what was taken comes back a tenth of a window
 * late at most. `token-bucket`: they come back one by one, evenly over the window, up to `burst`.
 */
export type LimitAlgorithm = 'fixed-window' | 'sliding-window' | 'token-bucket';

/** One limit as a store keeps it. Plain data, so that it can be asked of another process too. */
export interface Limit {
  /**
   * 1 to 512 bytes together with the scope; given the same algorithm and window each time. With what stands before its
   * first line feed it names its group, of which there are as many as the config has limits: a store that holds so many
   * keys and no more holds them for each group apart. Opaque otherwise.
   */
  readonly key: string;
  readonly algorithm: LimitAlgorithm;
  /** What may pass in a window: whole, at least 0. */
  readonly limit: number;
  /** Whole milliseconds, at least 1. */
  readonly windowMs: number;
  /** What may pass at once after a rest: the size of a token bucket. Other algorithms have no use for it. */
  readonly burst: number;
}

/** What a limit says after a step. */
export interface LimitState {
  /** What may still pass now. */
  remaining: number;
  /** Milliseconds until it is more: the window's end, the oldest that slides out of it, the bucket full again. */
  resetMs: number;
  /** Milliseconds until the step could pass; 0 if this limit lets it pass. */
  waitMs: number;
  /** To count this key the store has let go of another of its group: that one's limit starts anew. */
  forgot?: true;
}

/**
 * Counters and limits, shared by everything that shares the store. A counter's window starts with the first positive
 * step in it. Keys are opaque, 1 to 512 bytes; a caller gives a key the same `windowMs` each time (a running
 * window that is longer than `windowMs` is cut to it, so that a shortened setting takes effect at once).
 * A call settles within the store's deadline or fails with `StoreUnavailable`; a step that failed may have
 * been counted, but never twice. An embedded store answers synchronously, so that the request path has no
 * promise to wait for.
 */
export interface Counters {
  /**
   * Adds `by` to `key` in a window of `windowMs` milliseconds (whole, at least 1). `by` is whole: 0 only reads,
   * below 0 takes back (never under 0, and never from a window that is over). An idle counter reads 0 with the
   * whole window ahead. Fails with `RangeError` when an argument is none of this.
   */
  add(key: string, by: number, windowMs: number): CounterState | Promise<CounterState>;
  /**
   * Takes `cost` (whole; 0 only reads) from each of the limits, or from none if one of them has less left. That is one
   * step: of any number of callers at once exactly as many pass as there is room for. The limits of a call share a
   * `scope`, which in a Redis Cluster decides on which node they lie; a scope and a key together name a limit.
   * @returns a state for each limit, in their order; the step was taken if no `waitMs` is above 0
   */
  take(
    scope: string,
    limits: readonly Limit[],
    cost: number,
  ): readonly LimitState[] | Promise<readonly LimitState[]>;
  /** Forgets the counter. */
  reset(key: string): void | Promise<void>;
}

/** A JSON value at a version. Versions start at 1 and grow by 1 with each write. */
export interface StoredDocument<T = unknown> {
  id: string;
  version: number;
  value: T;
}

/** `ok` with the new version, or `conflict` with the version that is there (0: no such document). */
export type PutResult = { ok: true; version: number } | { ok: false; version: number };

export interface PutOptions {
  /** Write only if the document is at this version; 0 = only if it doesn't exist. Absent: write anyway. */
  ifVersion?: number;
  /** Milliseconds after which the document is gone. Absent: it stays. */
  ttlMs?: number;
  /** Nothing may be made with it that outlives it: it counts as written once as many replicas have it as have turns. */
  replicated?: boolean;
}

export interface DeleteOptions {
  /** Only if the document is at this version. */
  ifVersion?: number;
  /** It was secret: nothing of it is to be left in files that the store has of its own, and no failover may bring it back. */
  wipe?: boolean;
}

/**
 * Documents by collection and id, with optimistic concurrency. Durable: what was acknowledged is there after a
 * crash. Collections and ids are well-formed Unicode of 1 to 512 bytes, else the call fails with `RangeError`;
 * values are JSON, else `TypeError`. A write that failed with `StoreUnavailable` may have been applied.
 * A document that was deleted or ran out starts again at version 1.
 */
export interface Documents {
  get<T>(collection: string, id: string): Promise<StoredDocument<T> | undefined>;
  put<T>(collection: string, id: string, value: T, options?: PutOptions): Promise<PutResult>;
  /** True if it was there (and, with `ifVersion`, at that version). */
  delete(collection: string, id: string, options?: DeleteOptions): Promise<boolean>;
  /** In the order of ids (by code point, which is by UTF-8 byte), after `after` (exclusive), at most `limit` (default 100, at most 1000). */
  list<T>(collection: string, options?: { after?: string; limit?: number }): Promise<StoredDocument<T>[]>;
  /** The same without the values, for a small part of its cost: tells what has changed. */
  versions(
    collection: string,
    options?: { after?: string; limit?: number },
  ): Promise<Pick<StoredDocument, 'id' | 'version'>[]>;
  /**
   * What was written or deleted in a collection since an earlier call, of which `since` is the stamp: ids, each once. Undefined
   * where that is not known any more: none was given, or hundreds of writes lie between. That documents have run out it need not
   * show.
   */
  written(collection: string, since?: string): Promise<Written>;
}

export interface Written {
  /** Opaque to callers: for the next call. */
  readonly stamp: string;
  readonly ids: readonly string[] | undefined;
}

/** A text in a log, and its place there. */
export interface LoggedText {
  /** Opaque to callers; what comes later in a log has a later place. */
  readonly place: string;
  readonly text: string;
}

/**
 * Logs of texts that somebody else may read on, from where they were: streams that are resumed at another replica. A
 * log begins with its first text and is gone when nothing was appended for `ttlMs`. Not durable beyond what the store
 * keeps by itself. Names of logs are as those of documents.
 */
export interface EventLogs {
  /**
   * @param options.most texts that a log keeps at least, from the newest back; older ones may be gone
   * @returns the place of the text
   */
  append(log: string, text: string, options: { ttlMs: number; most: number }): Promise<string>;
  /**
   * What stands behind a place ('' = from the beginning), oldest first, at most `limit` (default 100, at most 1000).
   * Fails with `RangeError` if no store could have given such a place.
   */
  read(log: string, after: string, limit?: number): Promise<LoggedText[]>;
  /** Forgets the log. */
  drop(log: string): Promise<void>;
}

/** One place for state: `memory:`, `sqlite:PATH`, `redis://…`. */
export interface Store {
  /** For people: the URL without credentials. */
  readonly name: string;
  readonly counters: Counters;
  readonly documents: Documents;
  readonly logs: EventLogs;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  /** Resolves when the store answers, fails with `StoreUnavailable` when not. */
  ping(): Promise<void>;
  /** Flushes and lets go. Nothing may be called afterwards. */
  close(): Promise<void>;
}

/** The store did not answer in time or said no. The caller decides: fail open, fail closed, or degrade. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'store_unavailable';
}
