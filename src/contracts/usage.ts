/** Tokens of one call, as reported or as estimated. */
export interface Usage {
  /** Input tokens, cached ones included. */
  input: number;
  output: number;
  /** Input tokens that the provider had cached; part of `input`. */
  cached: number;
  /** Input tokens that the provider wrote to its cache, where it bills that; part of `input`. */
  cacheWrite?: number;
  /** Of those written to the cache, the ones that it keeps for an hour; part of `cacheWrite`. */
  cacheWriteHour?: number;
  /** Output tokens that were thought, not said; part of `output`. */
  reasoning?: number;
  /** Tokens of sound; part of `input` and of `output`. */
  audioInput?: number;
  audioOutput?: number;
  /** Tokens of images; part of `input` and of `output`. */
  imageInput?: number;
  imageOutput?: number;
  /** Tokens of sound and of images that the provider had cached; part of `cached`, and of `audioInput` and `imageInput`. */
  cachedAudio?: number;
  cachedImage?: number;
  /** What is sold by the piece: images made, seconds of sound heard, characters spoken, searches (of the web, or Cohere's units). */
  images?: number;
  audioSeconds?: number;
  characters?: number;
  searches?: number;
  /** Searches of files that the provider keeps. */
  fileSearches?: number;
  /** Containers of the provider's that code ran in. */
  containers?: number;
  /** How many times the price of its tokens the provider charges for where they were generated; absent: once. */
  surcharge?: number;
  /** US dollars that the provider itself says the call cost. */
  cost?: number;
  /** What its own model is billed, where others had a part in it: the amounts above are then what the answer says of itself. */
  billed?: Usage;
  /** What other models did for the same answer; nothing of it is in the amounts above. Absent: there were none. */
  byOthers?: readonly OtherUsage[];
}

/** What can be added up of it. */
export type Amount = Exclude<keyof Usage, 'byOthers' | 'billed'>;

/** What a model came to that a provider asks by itself: one that makes pictures as a tool, that advises, or that stands in. */
export interface OtherUsage {
  /** The provider's own name of it; '' = the one that makes pictures, whichever the request names for that. */
  readonly model: string;
  readonly usage: Usage;
}

/** What providers sell by the piece of tools that they run themselves. */
export type ToolUses = Required<Pick<Usage, 'searches' | 'fileSearches' | 'containers'>>;

/** When the text of a stream came, on the monotonic clock in milliseconds. */
export interface Pace {
  readonly firstAt: number;
  readonly lastAt: number;
  /** The longest wait between two events with text. */
  readonly longestGapMs: number;
  /** Reasoning was part of it. */
  readonly thinksAloud: boolean;
}

/** What an answer says about itself. Of a stream: what it has said so far. */
export interface AnswerFacts {
  /** As the provider reported it; undefined if it didn't. */
  readonly usage: Usage | undefined;
  /** It is on its way, or was cut short, or failed before it said what it came to: what it reports is what it had come to by then. */
  readonly isCut: boolean;
  /** Of an answer that never came to report it: what was reported at its beginning, or by the way, of which the input holds. */
  readonly earlyUsage: Usage | undefined;
  /** `stop`, `length`, `tool_calls`, …; of several choices the worst; '' if none came, or not for all that have begun. */
  readonly finishReason: string;
  /** What was generated, for an estimate where no usage is reported; of a long answer its beginning. */
  readonly text: string;
  /** Characters that were generated in all. */
  readonly characters: number;
  /** The model said that it won't answer. */
  readonly refused: boolean;
  /** The arguments of a tool call are not JSON. Asked once the answer is whole. */
  readonly malformedToolCall: boolean;
  /** The tool that is called first; '' if none is. */
  readonly tool: string;
  /** The answer's text, where it is one whole text and nothing else (no reasoning, no second choice); else undefined. */
  readonly said: string | undefined;
  /** The tokens' mean probability (geometric), from 0 to 1; -1 where the provider doesn't say. */
  readonly confidence: number;
  /** The service tier that answered, '' if it wasn't said. */
  readonly serviceTier: string;
  /** When text came; undefined of what isn't streamed. */
  readonly pace: Pace | undefined;
}
