import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { LiveTurn } from '../context/live-turn.ts';
import type { EmbeddingsRequest } from '../contracts/embeddings.ts';
import type { AnyFormat, OperationUsage, StreamWriter } from '../contracts/format.ts';
import type { ModelGuard } from '../contracts/guard.ts';
import type { JsonObject, ModelRequest } from '../contracts/model-request.ts';
import type { HeaderBag, SchemaCheck } from '../contracts/policy.ts';
import type { Dialect } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import type { Span } from '../lib/json-span.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { UpstreamAnswer } from '../upstream/call.ts';
import type { CancelSignal } from '../upstream/signal.ts';
import type { Hold } from './budgets/accounts.ts';
import type { CallBudgets } from './budgets/call-budgets.ts';
import type { CacheWork } from './cache/cache-work.ts';
import type { FromCache } from './cache/kept-answer.ts';
import type { GivenTokens } from './given-tokens.ts';
import type { AnswerGuard } from './guards/answer-guard.ts';
import type { KeptWords } from './guards/kept-words.ts';
import type { TranscriptPassage } from './guards/transcript-passage.ts';
import type { CallHistory } from './memory/call-history.ts';
import type { BodyBehind } from './memory/log-tail.ts';
import type { Catalog, Model } from './models/catalog.ts';
import type { Answerer, Deployment } from './models/deployment.ts';
import type { Passage } from './passage.ts';
import type { AiPorts } from './ports.ts';
import type { RequestFacts } from './request-facts.ts';
import type { Translation } from './translation.ts';
import type { StreamWatch } from './watch.ts';

/** An answer that has begun. */
export type BegunAnswer = {
  statusCode: number;
  headers: UpstreamAnswer['headers'];
} /** Neither facts nor parts of a refusal. */ & (
  | {
      kind: 'whole';
      body: Buffer;
      facts: AnswerFacts | undefined;
      parts: readonly StreamPart[];
      /** The provider's own bytes, in the client's format. */
      isOriginal?: boolean;
      /** Of a refusal: the gateway's account with the provider is spent. */
      quotaSpent?: boolean;
      /** Of a refusal: it is about the request, whatever its status says. */
      isOwn?: boolean;
      /** In nobody's form: what it came to is not in it. */
      isUnread?: boolean;
      /** Of a refusal: nobody is there who could answer. */
      isNobody?: boolean;
      /** Of a refusal: the provider's filter has taken what was asked. */
      isFiltered?: boolean;
    }
  /** Sound, or a text that is no JSON; `first` has been read off `body` already, and `watch` has seen it, where there is one. */
  | { kind: 'bytes'; first: Buffer; body: UpstreamAnswer['body']; facts: AnswerFacts; watch?: StreamWatch }
  /** `first` has been read off `body` already, and `watch` has seen it. */
  | {
      kind: 'stream';
      first: Buffer;
      body: UpstreamAnswer['body'];
      watch: StreamWatch;
      passage: Passage;
      facts: AnswerFacts;
      isOriginal: boolean;
    }
);

/** An answer that goes to the client: from here on nobody else is asked. */
export type CommittedAnswer = BegunAnswer & {
  deployment: Answerer;
  /** Told when a stream broke in the middle. */
  broke?(): void;
  /** No model gave it. */
  byRules?: true;
  /** It was kept, and no model was asked. */
  fromCache?: FromCache;
};

/** What the stages of a call hand to one another, whatever format it came in. Each fills its part. */
export interface ChatCall {
  readonly format: AnyFormat;
  readonly exchange: LiveExchange;
  /** Undefined of a call that the gateway makes by itself. */
  readonly reply: FastifyReply | undefined;
  readonly catalog: Catalog;
  readonly ports: AiPorts;
  readonly policies: {
    upstreamHeaders(headers: HeaderBag, exchange: LiveExchange): void;
    responseHeaders(headers: HeaderBag, exchange: LiveExchange): void;
    /** Whether there is a guard of models among them. */
    readonly areGuards: boolean;
    openGuards(exchange: LiveExchange): ModelGuard[];
  };
  readonly budgets: CallBudgets;
  /** Of a call in a provider's own words, which comes so; undefined where a deployment's own form is made of it. */
  readonly prepared: PreparedCall | undefined;
  /** The client's. */
  readonly headers: IncomingHttpHeaders;
  /** The prompt that made the body; undefined if the client wrote it itself. */
  readonly prompt: PromptCall | undefined;
  /** The body as it came, or as a prompt or a repair made it. */
  bytes: Buffer;
  /** The same, parsed: by `read-request`, until `recall-context` has read it. Nobody changes it. */
  body: JsonObject | undefined;
  /** In its place where it begins with what its client sent the last time: the rest. As long. */
  behind: BodyBehind | undefined;
  /** By `read-request`. */
  request: ChatRequest | undefined;
  /** The request in the neutral form, once a provider has needed it. */
  neutral: ModelRequest | EmbeddingsRequest | undefined;
  /** What the writers of its answer read of it, in the neutral form, once one has needed it: what was said before is not in it. */
  writersView: ModelRequest | undefined;
  /** By `guard-request`, those of a form by `read-request`: in the order in which they see the call. */
  guards: readonly ModelGuard[];
  /** By `resolve-model`: in the order in which they are tried. */
  candidates: readonly Model[];
  /** By `reserve-budget`: undefined where no budget applies. */
  hold: Hold | undefined;
  /** By `infer`: who has been sent the call and has not failed. */
  asked: Answerer | undefined;
  /** By `infer`: when it was sent to somebody the last time, whatever came of that, on the monotonic clock; below 0: never. */
  sentAt: number;
  /** By `infer`. */
  answer: CommittedAnswer | undefined;
  /** By `answer-from-cache`: where the model's answers are kept and there was none for this call. */
  caching: CacheWork | undefined;
  /** By `recall-context`: the turn that this call is of a conversation. */
  turn: LiveTurn | undefined;
  /** By `recall-context`: where what was said before is not the same for all who may be asked. */
  history: CallHistory<Pick<ChatCall, 'bytes' | 'request' | 'kept'>> | undefined;
  /** By `recall-context`: what of the body was said before; undefined: nothing. */
  kept: KeptWords | undefined;
  /**
   * By `recall-context`, where a route may choose again: leaves out of what was said before what is too long for a model that
   * reads so many tokens.
   */
  shorten: ((window: number) => Promise<void>) | undefined;
  /** By `remember-turn`: what the answer is known by, in place of its provider's id. */
  ownId: string | undefined;
  /** Ends the calls upstream: when the client leaves, or later. */
  cancel: CancelSignal;
  /** All stages: it fails with the one that does. */
  over: Promise<void> | undefined;
  /** By `infer`: what answers came to that were sent back, and attempts that failed. At the end: what other models did for the last. */
  earlier: readonly EarlierBill[];
  /** Those of them whose tokens are counted yet: none of these fails. */
  counting: readonly Promise<void>[];
  /** By `settle`: when the bill has to be waited for. */
  settled: Promise<void> | undefined;
}

/** A request in the form in which one deployment takes it, and how its answer is read. */
export interface PreparedCall {
  readonly deployment: Deployment;
  readonly dialect: Dialect;
  readonly body: Buffer;
  /** POST if absent. */
  readonly method?: string;
  /** Undefined where there is no body. */
  readonly contentType: string | undefined;
  /** The answer is the provider's own, and the client's to read, whatever it is. */
  readonly isVerbatim?: boolean;
  /** A stream was asked for, in whatever words: it has to begin in time. */
  readonly isStream?: boolean;
  /** Those of the client's that go on, where more do than its format names. */
  readonly headers?: HeaderBag;
  /** Path and query below the base URL. */
  readonly path: string;
  /** None where the provider speaks the client's format: then bytes pass as they come. */
  readonly translation:
    | Pick<Translation<ModelRequest | EmbeddingsRequest>, 'answer' | 'refusal' | 'openStream'>
    | undefined;
  /** Whether an event of the stream is one that the gateway asked for and its client did not: it is not passed on. */
  readonly isExtra?: ((event: JsonObject) => boolean) | undefined;
  /** Bytes of a stream that are written down as it goes by, because it may be kept; absent: none. */
  readonly tapeBytes?: number;
  /** A conversation keeps what a stream says: it is written down as it goes by. */
  readonly isOfTurn?: boolean;
  /** What it is known by here stands in its events in the place of what its provider calls it. */
  readonly isRenamed?: boolean;
  /** Where guards read the answer: a stream is written anew then, whoever speaks which format. */
  readonly guarded?: { openStream(): StreamWriter | undefined; openGuard(): AnswerGuard };
  /** And where it is a transcript. */
  readonly openTranscript?: () => TranscriptPassage;
}

/** What a call has in common with all others of its route. */
export type CallParts = Pick<ChatCall, 'catalog' | 'policies' | 'ports' | 'budgets'>;

type NewCall = CallParts &
  Pick<ChatCall, 'format' | 'exchange' | 'reply' | 'bytes'> &
  Partial<Pick<ChatCall, 'prompt' | 'prepared' | 'request' | 'candidates' | 'headers'>>;

const NO_HEADERS: IncomingHttpHeaders = Object.freeze({});

/** A call that no stage has seen yet. Each field is named, so that all calls have one shape, made in one go. */
export const newCall = (call: NewCall): ChatCall => ({
  format: call.format,
  exchange: call.exchange,
  reply: call.reply,
  catalog: call.catalog,
  ports: call.ports,
  policies: call.policies,
  budgets: call.budgets,
  prepared: call.prepared,
  headers: call.headers ?? call.reply?.request.headers ?? NO_HEADERS,
  prompt: call.prompt,
  bytes: call.bytes,
  body: undefined,
  behind: undefined,
  request: call.request,
  neutral: undefined,
  writersView: undefined,
  guards: [],
  candidates: call.candidates ?? [],
  hold: undefined,
  asked: undefined,
  sentAt: -1,
  answer: undefined,
  caching: undefined,
  turn: undefined,
  history: undefined,
  kept: undefined,
  shorten: undefined,
  ownId: undefined,
  cancel: call.exchange.cancel,
  over: undefined,
  earlier: [],
  counting: [],
  settled: undefined,
});

/** A call of a prompt. */
export interface PromptCall {
  readonly name: string;
  readonly version: string;
  /** What is wrong with an answer; undefined if it may be any. */
  readonly checkOutput: SchemaCheck | undefined;
}

/** What an answer came to. */
export interface Bill {
  readonly usage: Usage;
  readonly source: 'reported' | 'estimated' | 'cached';
  /** US dollars; -1 = nobody knows: the model has no price, or what was asked for is done later. */
  readonly usd: number;
}

/** And who is to be paid. */
export interface EarlierBill extends Bill {
  readonly by: Pick<Answerer, 'providerName' | 'model'>;
}

/** What the gateway acts on of a request in any format; everything else goes by unread. */
export interface ChatRequest extends RequestFacts {
  model: string;
  /** Where the model's name stands in the bytes. */
  modelAt: Span;
  stream: boolean;
  /** OpenAI's `stream_options`, as parsed; undefined: the request has none. */
  streamOptions: unknown;
  /** Of embeddings under budgets. */
  inTokens?: GivenTokens;
  /** What it comes to can't be known: budgets of tokens and money refuse it. */
  isUnknowable?: boolean;
  /** It is done behind its answer: all budgets refuse it, and it costs nobody knows what unless the answer says. */
  isLater?: boolean;
  /** Of an operation; undefined of chats and embeddings. */
  usage: OperationUsage | undefined;
}
