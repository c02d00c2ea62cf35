import type { EmbeddingsOptions, EmbeddingsRequest } from './embeddings.ts';
import type { FormatName } from './format.ts';
import type { JsonObject, ModelOptions, ModelRequest } from './model-request.ts';
import type { Thoughts } from './openai-service.ts';
import type { HeaderBag } from './policy.ts';
import type { StreamPart } from './stream-part.ts';

/** Takes the parts of an answer, one after the other. */
export type Emit = (part: StreamPart) => void;

/** One event of a stream: its name ('' if it has none) and its data. */
export interface Frame {
  readonly event: string;
  readonly data: string;
}

/** Cuts a stream's bytes into events, however they are split on the network. */
export interface Framing {
  feed(chunk: Buffer): void;
  /** Nothing comes any more. */
  end(): void;
}

/** Reads one stream. It holds what has to be known from one event to the next. */
export interface StreamReader {
  /** @param event the data of one event; any of it may be missing or be something else, which is passed over */
  read(event: JsonObject, name: string): void;
  /** The provider has said that nothing follows (`[DONE]`). Absent: how it ended its events have said. */
  end?(): void;
  /**
   * The stream has come to its end, whatever it has said of that. Absent: that alone says nothing.
   * @param isBlind some of it could not be read
   */
  close?(isBlind: boolean): void;
  /** Whether an event shows the model at work though nothing is said yet: hidden reasoning, a search. */
  isAtWork?(event: JsonObject): boolean;
  /** It reads events that differ in one text alone in the same way but for that text, if nothing else came between. */
  readonly readsAlike?: boolean;
}

/** A call as a dialect needs it. */
export interface ModelCall {
  /** The provider's own name of the model. */
  readonly model: string;
  readonly stream: boolean;
  /** Output tokens to ask for beside thinking where the client sets no limit and the vendor wants one; absent: the dialect's own. */
  readonly maxOutput?: number | undefined;
  /** What the client's `anthropic-beta` names, for those who take it in the body. */
  readonly betas?: readonly string[] | undefined;
}

/** Requests in the client's own format without what others made and this one refuses: reasoning, ids of calls. */
export interface OwnOnly {
  /** Whether there may be any. Most hold none, and go on as the bytes that came. */
  isDue(bytes: Buffer): boolean;
  write(body: JsonObject): JsonObject;
}

/** How the answers of one API are read, and where it is asked. */
export interface Dialect {
  /** Path and query below the base URL. */
  path(call: ModelCall): string;
  /**
   * The parts of a whole answer. They serve as facts about an answer that is passed on unread as well, so that what is
   * missing or wrong is passed over.
   * @returns undefined if it is no answer at all: an error under a status that says otherwise
   */
  readAnswer(answer: JsonObject): StreamPart[] | undefined;
  /** The same of one that is a text and no JSON. Absent: such go on as they come. */
  readText?(text: string): StreamPart[];
  /** The status that a refusal under a good one should have; undefined if it is none. Absent: its statuses are true. */
  statusIn?(answer: JsonObject): number | undefined;
  /**
   * A request in the client's own format, where this service speaks it with differences. Absent: the bytes go as they
   * came.
   * @param body with the provider's own name of the model
   * @param fields the format's names of options
   * @param drop names of fields that may be left out rather than refused
   * @throws NotCarried
   */
  adapt?(
    body: JsonObject,
    fields: Readonly<Partial<Record<string, string>>>,
    drop: readonly string[],
  ): JsonObject;
  /** Absent: nothing that others made is refused. */
  readonly ownOnly?: OwnOnly;
  /**
   * An answer in the client's own format, or whole events of one, that says of what is sealed whose it is. Absent: it need
   * not say so, and bytes go as they came.
   */
  mark?(bytes: Buffer): Buffer;
  /**
   * Whether an event of a stream says only what the answer came to, and would not have come unless it was asked for
   * (`stream_options`). Absent: streams say it unasked, or never, and take no such question.
   */
  isOnlyUsage?(event: JsonObject): boolean;
  /** Absent: it has no streams. */
  openStream?(emit: Emit): StreamReader;
  /** The content type of its streams and how they are cut; absent: server-sent events. */
  readonly stream?: {
    readonly contentType: string;
    openFraming(onFrame: (frame: Frame) => void, onTooLarge: () => void): Framing;
  };
}

/** A dialect that requests of other formats are translated to. */
export interface TranslatedDialect<Request = ModelRequest, Options = ModelOptions> extends Dialect {
  /** Options that it has nothing for; a request with one is refused by name, and a fallback tried. */
  readonly uncarried: readonly (keyof Options & keyof Request)[];
  /** Output tokens that it asks for where nobody sets a limit; absent: it asks for none. */
  readonly defaultOutput?: number;
  /** @throws GatewayError `field_not_supported` for a part that it can't carry */
  convertRequest(request: Request, call: ModelCall): JsonObject;
}

/** How a provider that has its own words for embeddings is asked for them. */
export type EmbeddingsDialect = TranslatedDialect<EmbeddingsRequest, EmbeddingsOptions>;

/** An entry of `ai.providers`, its address known. */
export interface ProviderSettings {
  readonly kind: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly region?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly apiVersion?: string | undefined;
  /** Fields, by the client's own names, that this provider is asked without. */
  readonly drop: readonly string[];
}

/** A call that is about to be made, for a signature over it. */
export interface OutgoingCall {
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<HeaderBag>;
  readonly body: Buffer;
}

/** How one kind of provider is spoken to. Each lives in a folder of its own in `ai/providers/`; they don't know each other. */
export interface Provider {
  readonly kind: string;
  /**
   * The formats it speaks itself: requests in them go there as the bytes that came, and answers come back so. A format
   * that may be its own may be what it translates to as well.
   */
  readonly native: Readonly<Partial<Record<FormatName, Dialect>>>;
  /** For every other format. */
  readonly translated: TranslatedDialect;
  /** How it wants back what its model thought, in its own chat completions. */
  readonly thoughts?: Thoughts;
  /** For embeddings, unless it speaks their format itself; absent: it has none. */
  readonly embeddings?: EmbeddingsDialect;
  /** The headers of a call: who we are, and nothing of the client's. */
  headers(settings: ProviderSettings): HeaderBag;
  /** Headers that depend on the call itself, or on a token that has to be fetched. */
  sign?(call: OutgoingCall, settings: ProviderSettings): Promise<HeaderBag>;
  /** The provider's own words in an error answer; undefined: none that are known. */
  readError(answer: JsonObject): string | undefined;
}
