/** Tokens of one call, as reported or as estimated. */
export interface Usage {
  /** Input tokens, cached ones included. */
  input: number;
  output: number;
  /** Input tokens that the provider had cached; part of `input`. */
  cached: number;
}

/** What the end of an answer says about it. */
export interface AnswerFacts {
  /** As the provider reported it; undefined if it didn't. */
  usage: Usage | undefined;
  /** `stop`, `length`, `tool_calls`, …; '' if none came. */
  finishReason: string;
  /** What was generated, for an estimate where no usage is reported. */
  text: string;
}
