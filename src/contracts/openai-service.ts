import type { ModelOptions } from './model-request.ts';

/**
 * How a request for chat completions says what its model thought before: not at all, as `reasoning_content`, or with the signatures
 * and seals of its makers, as `reasoning_details`.
 */
export type Thoughts = 'none' | 'content' | 'details';

/** How a service's chat completions differ from OpenAI's own. What isn't here is the same. */
export interface ChatQuirks {
  /** It knows `max_tokens`, not `max_completion_tokens`. */
  readonly maxTokens?: true;
  /** It knows `system` messages, not those of a `developer`. */
  readonly systemOnly?: true;
  /** It takes no `stream_options`; where a stream reports usage, it does so unasked. */
  readonly noStreamOptions?: true;
  /** Its own name of `seed`. */
  readonly seed?: string;
  /** It takes `json_object` as a response format, not `json_schema`. */
  readonly noJsonSchema?: true;
  /** The only values of `tool_choice` that it takes. */
  readonly toolChoices?: readonly string[];
  /** It takes no more stop sequences. */
  readonly stops?: number;
  /** The ids of tools' calls are nine letters and digits. */
  readonly nineLetterIds?: true;
  /** Its refusals come under 200, with a code in `base_resp`. */
  readonly baseResp?: true;
  /** Options that it refuses or silently passes over. */
  readonly refuses?: readonly (keyof ModelOptions)[];
  /** Hints that change no answer and that it refuses: they are left out. */
  readonly ignores?: readonly string[];
  /** What answers of others hold in their message, or its calls of tools, and it refuses to be given back: left out, too. */
  readonly ignoresInAnswers?: readonly string[];
}

/** How a service's embeddings differ from OpenAI's own. */
export interface EmbeddingsQuirks {
  /** Its own name of `dimensions`. */
  readonly dimensions?: string;
  /** Hints that change no vector and that it refuses: they are left out. */
  readonly ignores?: readonly string[];
}

/** A service that speaks OpenAI's API. */
export interface OpenaiService {
  /** Absent: everyone has an address of their own. `{key}` stands for a key of the provider's settings. */
  readonly baseUrl?: string;
  /** It runs on one's own machines and asks for a key only if it is told to. */
  readonly isOwn?: true;
  /** It has `/responses` as well. */
  readonly responses?: true;
  /** It has no chat completions any more: what is asked of it there it refuses itself. */
  readonly chatsEnded?: true;
  /** It has no `/embeddings`. */
  readonly noEmbeddings?: true;
  /** Absent: requests for embeddings go there as the bytes that came. */
  readonly embeddings?: EmbeddingsQuirks;
  /** It wants back what its model thought, with the calls of tools that it led to. */
  readonly thoughts?: Thoughts;
  /** Absent: requests for chat completions go there as the bytes that came. */
  readonly quirks?: ChatQuirks;
}
