/** One model call in the books. It is written once and never changed. */
export interface LedgerRow {
  /** Unique, by the gateway: a client may send the same request id with each of its calls. */
  readonly id: string;
  /** When the call began: wall clock, milliseconds since the epoch. */
  readonly at: number;
  readonly requestId: string;
  readonly consumer: string;
  /** The consumer's groups: its teams. */
  readonly groups: readonly string[];
  /** The end user as the application named them, hashed unless configured otherwise; '' if it did not. */
  readonly user: string;
  /** The alias that was asked for. */
  readonly model: string;
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly upstreamModel: string;
  /** Name and version of the prompt, `name@2`, or ''. */
  readonly prompt: string;
  readonly tags: readonly string[];
  readonly tokens: {
    /** All of the input: cached, audio and image tokens included. */
    readonly input: number;
    /** All of the output: reasoning and audio tokens included. */
    readonly output: number;
    readonly cached: number;
    readonly cacheWrite: number;
    readonly reasoning: number;
    readonly audio: number;
    readonly image: number;
  };
  /** US dollars; -1 = nobody knows: the model has no price, or what was asked for is done later. */
  readonly usd: number;
  /** `cached`: an answer that was kept was given again. No provider was asked: it has neither tokens nor a cost. */
  readonly usageSource: '' | 'reported' | 'estimated' | 'cached';
  /**
   * An attempt before the one that ended the call, at whatever target, or what another model did for the answer (a tool that makes
   * pictures, an advisor, one that stood in): its tokens and its cost, and no call more.
   */
  readonly isEarlier?: true;
  /** US dollars that the answer had cost when it was made, of one from the cache. */
  readonly savedUsd?: number;
  readonly outcome: string;
  readonly stream: boolean;
  /** Number of the config revision that served it. */
  readonly revision: number;
}

export interface LedgerRange {
  /** Milliseconds since the epoch, inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** The last row of the page before. */
  readonly after?: Pick<LedgerRow, 'at' | 'id'> | undefined;
  /** Default 100, at most 1000. */
  readonly limit?: number;
}

/** The books: rows by time. Durable: what was acknowledged is there after a crash. */
export interface Ledger {
  /** A row that is there already (same time and id) stays as it is, so that an append can be repeated. */
  append(rows: readonly LedgerRow[]): Promise<void>;
  /** In the order of time, and of id (by code point) at the same time. */
  read(range: LedgerRange): Promise<LedgerRow[]>;
  /**
   * Tells whether the rows of a time are the ones they were, without reading them: the same text as before, and they are.
   * '' = there is none.
   */
  stamp(range: Pick<LedgerRange, 'from' | 'to'>): Promise<string>;
  /** Deletes rows from before `before`, and the oldest beyond `maxRows`; 1000 at most. True if there may be more. */
  forget(before: number, maxRows: number): Promise<boolean>;
}
