/** Tokens of one call, as reported or as estimated. */
export interface Usage {
  /** Input tokens, cached ones included. */
  input: number;
  output: number;
  /** Input tokens that the provider had cached; part of `input`. */
  cached: number;
  /** Input tokens that the provider wrote to its cache, where it bills that; part of `input`. */
  cacheWrite?: number;
  /** Output tokens that were thought, not said; part of `output`. */
  reasoning?: number;
  /** Tokens of sound; part of `input` and of `output`. */
  audioInput?: number;
  audioOutput?: number;
  /** Tokens of images; part of `input` and of `output`. */
  imageInput?: number;
  imageOutput?: number;
}

/** What an answer says about itself. Of a stream: what it has said so far. */
export interface AnswerFacts {
  /** As the provider reported it; undefined if it didn't. */
  readonly usage: Usage | undefined;
  /** Of an answer that never came to report it: what was reported at its beginning, of which the input holds. */
  readonly earlyUsage: Usage | undefined;
  /** `stop`, `length`, `tool_calls`, …; '' if none came. */
  readonly finishReason: string;
  /** What was generated, for an estimate where no usage is reported; of a long answer its beginning. */
  readonly text: string;
  /** Characters that were generated in all. */
  readonly characters: number;
}
