/**
 * The neutral form of a request to a model: what every format in is read into, and every provider's own request is
 * written from, where the two are not the same. A provider that can't carry something says so by its place.
 */

/** A JSON object as it was parsed: nothing about its values is known. */
export type JsonObject = { readonly [key: string]: unknown };

/** A place where the client allows the provider to cache all that comes before it. */
export interface CacheMark {
  /** `5m`, `30m`, `1h`, as the client said it; absent: the provider's own. */
  readonly ttl?: string;
}

interface Placed {
  /** Where it stands in the client's body (`messages[2].content[1]`), for an error that names it. */
  readonly at: string;
  readonly cache?: CacheMark;
}

/** Bytes in base64, a place on the web, or the id of a file that the provider holds. */
export type MediaSource =
  | { readonly type: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'file'; readonly id: string };

export interface TextPart extends Placed {
  readonly type: 'text';
  readonly text: string;
}
export interface ImagePart extends Placed {
  readonly type: 'image';
  readonly source: MediaSource;
  /** OpenAI's `low`, `high`, `auto`. */
  readonly detail?: string;
}
/** A document, such as a PDF. */
export interface FilePart extends Placed {
  readonly type: 'file';
  readonly source: MediaSource;
  readonly name?: string;
}
export interface AudioPart extends Placed {
  readonly type: 'audio';
  /** Base64. */
  readonly data: string;
  /** `wav`, `mp3`. */
  readonly format: string;
}
/**
 * Who signs or seals what its models think, and takes nobody else's back. Anthropic's seals are the same wherever its models run.
 * Google seals calls, texts and pictures: `google` is of the call that follows, `google-text` of the text before it, `google-image` of
 * the picture that follows.
 */
export type Maker = 'anthropic' | 'google' | 'google-text' | 'google-image' | 'openai' | (string & {});

/** What a model thought before, given back to it. */
export interface ReasoningPart extends Placed {
  readonly type: 'reasoning';
  readonly text: string;
  /** What its maker signed it with; it takes back nothing else. The text may be kept from everybody, and empty. */
  readonly signature?: string;
  /** Reasoning that only its maker can read, in place of the text. */
  readonly opaque?: string;
  /** Of the signature, or of what is sealed. */
  readonly maker?: Maker;
}
export interface RefusalPart extends Placed {
  readonly type: 'refusal';
  readonly text: string;
}
export interface ToolCallPart extends Placed {
  readonly type: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}
export interface ToolResultPart extends Placed {
  readonly type: 'tool-result';
  /** Of the call. */
  readonly id: string;
  /** Of the tool; '' if the request doesn't say. */
  readonly name: string;
  readonly content: readonly (TextPart | ImagePart | FilePart)[];
  readonly isError?: boolean;
}

export type UserPart = TextPart | ImagePart | FilePart | AudioPart;
/** A picture is one that the model made: only some take it back, and the others are not shown it. */
export type AssistantPart = TextPart | ReasoningPart | RefusalPart | ToolCallPart | ImagePart;

export type Message =
  /** One that stands between the turns; those before the first turn are the request's `system`. */
  | { readonly role: 'system'; readonly at: string; readonly content: readonly TextPart[] }
  | {
      readonly role: 'user';
      readonly at: string;
      readonly name?: string;
      readonly content: readonly UserPart[];
    }
  | {
      readonly role: 'assistant';
      readonly at: string;
      readonly name?: string;
      readonly content: readonly AssistantPart[];
    }
  /** The results of the calls of the assistant's message before it, each once. */
  | { readonly role: 'tool'; readonly at: string; readonly content: readonly ToolResultPart[] };

export interface Tool extends Placed {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type ResponseFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema';
      readonly name: string;
      readonly description?: string;
      readonly schema: JsonObject;
      readonly strict?: boolean;
    };

export interface Reasoning {
  /** `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`. */
  readonly effort?: string;
  /** Tokens. */
  readonly budget?: number;
  /**
   * Says what holds anyway in the client's format, or no more than how thoughts are shown: it need not be said to a model that
   * may not know the word.
   */
  readonly isUsual?: true;
  /** How much of it is shown: `none`, `auto`, `concise`, `detailed`; absent: as the model does by itself. */
  readonly summary?: string;
}

/** What a client may ask of a model, each field only if it asked for it. */
export interface ModelOptions {
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  readonly responseFormat?: ResponseFormat;
  /** Tokens of the answer, reasoning included. */
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly logitBias?: JsonObject;
  readonly stop?: readonly string[];
  /** Answers, if more than one. */
  readonly n?: number;
  readonly seed?: number;
  /** How many alternatives for each token. */
  readonly logprobs?: number;
  readonly reasoning?: Reasoning;
  /** `low`, `medium`, `high`. */
  readonly verbosity?: string;
  /** As the client named it: `auto`, `flex`, `priority`, … */
  readonly serviceTier?: string;
  /** The end user, as an opaque id. */
  readonly user?: string;
  readonly metadata?: JsonObject;
  /** Requests with the same one share a cache. */
  readonly cacheKey?: string;
}

export interface ModelRequest extends ModelOptions {
  readonly system: readonly TextPart[];
  readonly messages: readonly Message[];
  readonly stream: boolean;
  /** A stream ends with its usage. */
  readonly includeUsage: boolean;
  /** The client allows the provider to cache as much of all of it as it can. */
  readonly cache?: CacheMark;
  /** Fields of the client's body that have no place here, by their own place. */
  readonly uncarried: readonly string[];
}
