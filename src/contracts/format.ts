import type { EmbeddingsRequest } from './embeddings.ts';
import type { ErrorShape } from './exchange.ts';
import type { ModelAnswer } from './model-answer.ts';
import type { JsonObject, ModelRequest } from './model-request.ts';
import type { StreamPart } from './stream-part.ts';
import type { Usage } from './usage.ts';

/** What may be asked of a model beside words and vectors. */
export type OperationName =
  | 'anthropic-count-tokens'
  | 'openai-images'
  | 'openai-input-tokens'
  | 'openai-moderations'
  | 'openai-speech'
  | 'openai-transcriptions'
  /** In a provider's own words, whatever it is. */
  | 'passthrough'
  | 'rerank';

/** The formats in which applications speak to the gateway, and some providers to their clients. */
export type FormatName =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic-messages'
  | 'openai-embeddings'
  | OperationName;

/** Writes one stream of events, ready to be sent. */
export interface StreamWriter {
  /** The events for a part; '' if it makes none. */
  write(part: StreamPart): string;
  /** The events at the end of a stream that has ended well. */
  end(): string;
}

/** What an answer is known by to the client, whichever model gives it. */
export interface AnswerName {
  /** What the ids that it gives are made from: of this call alone. */
  readonly id: string;
  /** The gateway's id of the request, which may be its client's, for several. */
  readonly requestId: string;
  /** The model that the client asked for. */
  readonly model: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** Of an answer that was given before: how its items were called then. */
  readonly itemIds?: readonly (string | undefined)[];
  /** Of a response that is kept: what it says of that. */
  readonly kept?: JsonObject;
}

/** What every endpoint has that asks a model for something. */
export interface Endpoint {
  readonly name: FormatName;
  /** Below the prefix of the AI routes. */
  readonly path: string;
  /** The shape of its errors. */
  readonly shape: ErrorShape;
  /** Top-level fields that must be lists, or the request is none. */
  readonly lists: readonly string[];
  /** Top-level fields that ask for what this gateway does not have, whichever provider answers. */
  readonly refused: readonly string[];
  /** The client's headers that are part of the format: they go on to a provider that speaks it. */
  readonly headers: readonly string[];
  /** Top-level fields that bound an answer's tokens, the usual one first. Absent: it has none. */
  readonly maxima?: readonly string[];
}

/** A format in: how requests are read and answers written. Each lives in a folder of its own in `ai/formats/`. */
export interface Format<Request = ModelRequest> extends Endpoint {
  /** What is asked for: each kind has a neutral form of its own. */
  readonly kind: Request extends ModelRequest ? 'chat' : 'embeddings';
  /** What the options are called in this format, for an error that names one. */
  readonly fields: Readonly<Partial<Record<keyof Request, string>>>;
  /** @throws GatewayError `body_invalid` for what no provider could read */
  readRequest(body: JsonObject): Request;
  /** Absent: it has a place for whatever an answer holds. */
  canWrite?(answer: ModelAnswer): boolean;
  writeAnswer(answer: ModelAnswer, name: AnswerName, request: Request): JsonObject;
  /** Absent: nothing is streamed in this format. */
  openStream?(request: Request, name: AnswerName): StreamWriter;
}

/** A request as it was sent. */
export interface Sent {
  readonly bytes: Buffer;
  /** '' = it has none. */
  readonly contentType: string;
}

/** What a request of an operation comes to, as far as it tells. */
export interface OperationUsage {
  /** What it may come to: asked where a budget or a price wants to know. */
  atMost(): Usage;
  /**
   * What it came to if its answer says nothing of it.
   * @param told what the answer tells of it by the way
   */
  otherwise(told?: Usage): Usage;
  /**
   * What it came to if its answer says something of it, and leaves out what it may be sold by; undefined: it doesn't. Absent: it never does.
   * @param told what the answer tells of it by the way
   */
  completed?(reported: Usage, told?: Usage): Usage | undefined;
  /** Whether neither is true of it: asked where a budget wants to know. Absent: it never is. */
  isUnknowable?(): boolean;
}

/**
 * An endpoint that is not translated: it is for providers that speak it themselves. Request and answer pass as bytes,
 * only the model's name is exchanged, and what they came to is read.
 */
export interface Operation extends Endpoint {
  readonly kind: 'operation';
  readonly name: OperationName;
  /** As in OpenTelemetry's `gen_ai.operation.name`. */
  readonly operation: string;
  /** How its requests are written. */
  readonly media: 'json' | 'form';
  /** What a request may come to at most, for the budgets. Of a form nothing is known but its length. */
  usageAtMost(body: JsonObject, bytes: number): Usage;
  /** What a request came to if the answer doesn't say, as far as the request tells, and the answer by the way. */
  usageOf(body: JsonObject, sent: Sent, told?: Usage): Usage;
  /** And if it says but a part of it; undefined: it says all. Absent: it always does. */
  completed?(reported: Usage, body: JsonObject, sent: Sent, told?: Usage): Usage | undefined;
  /** Whether what a request is about lies elsewhere, so that nobody here knows what it comes to. Absent: it never does. */
  isUnknowable?(body: JsonObject, sent: Sent): boolean;
  readonly openStream?: undefined;
}

export type AnyFormat = Format<ModelRequest> | Format<EmbeddingsRequest> | Operation;
