/** One of two answers to the same request. */
export interface ShadowSide {
  readonly model: string;
  readonly provider: string;
  readonly upstreamModel: string;
  readonly version: string;
  readonly outcome: string;
  /** `ok`, or a code of the error table. */
  readonly reason: string;
  readonly finishReason: string;
  /** Tokens; -1 = unknown. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** US dollars; -1 = the model has no price. */
  readonly usd: number;
  /** Milliseconds from the first byte of the request to the last of the answer. */
  readonly ms: number;
  /** What was said, its beginning; '' where texts are not kept, and of conversations, which can be erased. */
  readonly text: string;
}

/** What a model said, and what a candidate would have said in its place. */
export interface ShadowPair {
  /** Wall clock, milliseconds, of the real call. */
  readonly at: number;
  readonly requestId: string;
  readonly consumer: string;
  readonly real: ShadowSide;
  readonly shadow: ShadowSide;
  /** Of the beginnings of both texts, and of how they ended. */
  readonly comparison: {
    /** 0 to 1: the share of words that both have. */
    readonly likeness: number;
    readonly isSameText: boolean;
    readonly isSameFinish: boolean;
  };
}
