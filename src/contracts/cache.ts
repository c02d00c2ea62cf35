/** An answer that is kept to be given again. */
export interface CachedAnswer {
  /** Host, path and query that it answers. */
  readonly url: string;
  /** Names under which it can be purged. */
  readonly tags: readonly string[];
  /** Wall clock, milliseconds: when its request was sent and when its head came. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** Its address's, as it was before the request was sent; absent: there was none. */
  readonly mark?: string;
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Record<string, string | string[] | number | undefined>;
  readonly body: Buffer;
  /** Request headers that choose among the answers to one URL; of a signpost to them, which has no answer itself. */
  readonly varies: readonly string[];
}

/** Which answers to forget. What is absent does not matter; all that is given must hold. */
export interface PurgeSelection {
  readonly route?: string;
  readonly tag?: string;
  /** Host, path and query, or all that begins so with a `*` at the end. */
  readonly url?: string;
}

/** That what a route keeps under keys of one address is wrong: plain, so that it can be sent to another process. */
export interface AddressChange {
  readonly route: string;
  readonly key: string;
  readonly ttlMs: number;
}

/** The answers of one route. Keys are opaque, 1 to 200 bytes of ASCII. A call fails with `StoreUnavailable`. */
export interface AnswerCache {
  get(key: string): CachedAnswer | undefined | Promise<CachedAnswer | undefined>;
  /**
   * Keeps it, unless what it answers was purged since it was asked for.
   *
   * @param ttlMs how long it may be of any use, stale or not
   */
  put(key: string, answer: CachedAnswer, ttlMs: number): void | Promise<void>;
  delete(key: string): void | Promise<void>;
  /**
   * What was last left where what is kept under keys of the caller's choice was made wrong; '' = nothing. It is another one
   * each time and everywhere, so that an answer under another mark than the present one is wrong, whatever clocks say.
   * Places are limited: it may be that of another key.
   */
  mark(key: string): string | Promise<string>;
  /** Leaves a mark, for so long. */
  changed(key: string, ttlMs: number): void | Promise<void>;
}
