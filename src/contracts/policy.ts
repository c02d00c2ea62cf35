import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { AnswerCache } from './cache.ts';
import type { Exchange } from './exchange.ts';
import type { ModelGuard } from './guard.ts';
import type { PersonalData } from './personal-data.ts';
import type { Counters } from './store.ts';

/**
 * Where in the request's way a policy stands. Policies run slot by slot in this order, and inside a slot in the order
 * of the config: who is it, may they, how much, what is in it, what is changed about it, and last
 * what need not be asked upstream: the cache holds what the upstream said, and what others change is changed for each.
 */
export const SLOTS = ['identify', 'admit', 'limit', 'inspect', 'transform', 'cache'] as const;
export type Slot = (typeof SLOTS)[number];

/** A consumer as policies see it. */
export interface PolicyConsumer {
  /** What tells its client certificates; of each entry one member is there. `san` is written as `dns:…`, `uri:…`, `email:…`. */
  readonly certificates?: readonly {
    readonly sha256?: string;
    readonly subject?: string;
    readonly san?: string;
  }[];
  readonly name: string;
  readonly groups: readonly string[];
  readonly keys: readonly ConsumerKey[];
}

/** One of a consumer's API keys. Times are RFC 3339. */
export interface ConsumerKey {
  readonly id: string;
  readonly sha256: string;
  readonly notBefore?: string | undefined;
  readonly expires?: string | undefined;
}

/** A certificate that a client showed in the TLS handshake. */
export interface ClientCertificate {
  /**
   * Why it is not valid, in OpenSSL's word (`CERT_REVOKED`, `CRL_HAS_EXPIRED`); '' if it is: an authority that the gateway
   * believes issued it, and it has not run out.
   */
  readonly fault: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly sha256: string;
  /** The common name of its subject; '' if it has none, or several. */
  readonly subject: string;
  /** Its alternative names: `dns:client.example`, `uri:spiffe://…`, `email:…`. */
  readonly names: readonly string[];
}

/** What a policy may touch of the gateway, besides Fastify itself. */
export interface PolicyPorts {
  /** Name of the route that the policy stands on (`ai` on the AI routes, `mcp` before MCP servers). */
  readonly route: string;
  readonly consumers: readonly PolicyConsumer[];
  readonly counters: Counters;
  /** What the client of a request showed; undefined if nothing, or if it was not asked for. */
  clientCertificate(request: IncomingMessage): ClientCertificate | undefined;
  /**
   * Compiles a text with `{{consumer}}`, `{{path.id}}` and the like. A setting that holds one has `x-template` in its
   * schema, so that the loader finds what is wrong with it, at its place.
   */
  template(text: string): Template;
  readonly compileSchema: CompileSchema;
  /** A path as the most lenient server would read it; undefined if there is no other way to read it. */
  otherReading(path: string): string | undefined;
  /** Methods that fields like X-HTTP-Method-Override ask for beside the request's own, upper case; undefined if none does. */
  askedMethods(headers: Exchange['headers']): readonly string[] | undefined;
  readonly personalData: PersonalData;
  /** Reads the body of a message as JSON, whole, up to `limit` bytes. Fails with what the stream fails with. */
  readJson(headers: HeaderBag, body: MessageBody, limit: number): Promise<JsonBody>;
  /**
   * JSON as a value whose numbers `JSON.stringify` writes as they were read, however many digits they have.
   * @param value what `JSON.parse` made of the text
   */
  exactJson(text: string, value: unknown): unknown;
  /**
   * Says that the policy could not do its work (its store is down, say) and what it did instead: let everybody in, let
   * nobody in, or go by what it knew last. Logged, counted.
   */
  degraded(what: 'fail_open' | 'fail_closed' | 'stale', error: Error): void;
  /** An answer that was kept has been held against its origin, once in so many times: does it say something else now? */
  checked(exchange: Exchange, isOutdated: boolean): void;
  /**
   * As the global one, but to addresses that `server.outbound` allows: for what a policy asks of others. It does not
   * follow redirects.
   */
  readonly fetch: typeof globalThis.fetch;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /**
   * Where the route's answers are kept: in this process's memory, or in the store for all replicas.
   * @param most answers that are kept at once in the store
   */
  answers(where: 'memory' | 'shared', most: number): AnswerCache;
}

/** How a value breaks a schema: where and what, without anything of the value; undefined if it does not. */
export type SchemaCheck = (value: unknown) => string | undefined;

/**
 * Compiles a JSON Schema: draft 2020-12, or draft-07 by its `$schema`; patterns run on RE2.
 * @throws Error that says what is wrong with it
 */
export type CompileSchema = (schema: unknown) => SchemaCheck;

/** Ends the request: an error of the error table. Nothing: the request goes on. */
export type Verdict = Error | undefined;

/** Headers by lower-case name. */
export type HeaderBag = Record<string, string | string[] | number | undefined>;

/** Small bodies come whole, large ones as a stream that can be read once; null: none. */
export type MessageBody = Buffer | Readable | null;

/** Why a body was not read as JSON. */
export type Unread = 'empty' | 'not_json' | 'encoding_unknown' | 'too_large' | 'too_deep' | 'malformed';

/** A body that was read as JSON, if it could be. `body` is what to hand on: the same bytes, in the same coding; `text` what was read, decoded. */
export type JsonBody =
  | { readonly body: Buffer; readonly text: string; readonly value: unknown; readonly unread?: undefined }
  | { readonly body: MessageBody; readonly unread: Unread };

/**
 * A text with places that are filled from the request.
 * @param encode for what is put in, so that it can't be read as more than a value where the text goes
 */
export type Template = (exchange: Exchange, encode?: (value: string) => string) => string;

/** A call as it goes to the upstream. A policy that changes it hands on a changed copy. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, as the client sent them and the route rewrote them. */
  readonly path: string;
  readonly headers: HeaderBag;
  readonly body: MessageBody;
  /** A WebSocket's handshake: where it is answered 101 the connection is the upstream's from then on, else as ever. */
  readonly isUpgrade?: boolean;
}

/** An answer to it, the upstream's own or one in its place. Headers of the connection are gone already. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: HeaderBag;
  readonly body: MessageBody;
  /** A policy's own stream in the place of another whose very bytes it passes on: what the head says of them holds. */
  readonly sameBytes?: { readonly body: Readable; readonly of: Readable } | undefined;
}

/** Asks what lies behind: the next policy, and last the upstream with its retries, breaker and fallback targets. */
export type NextCall = (call: UpstreamRequest) => Promise<UpstreamResponse>;

/** A request as the policies that ship with the gateway see it. Where a process has others beside them, all get Fastify's. */
export type PolicyRequest = Pick<FastifyRequest, 'raw' | 'headers' | 'method' | 'exchange'>;

/** Headers of an answer that is still to come, likewise. */
export interface PolicyReply {
  getHeader(name: string): number | string | string[] | undefined;
  header(name: string, value: string): unknown;
}

/** A policy on one route, made once a generation. Every member is optional; what is absent costs nothing. */
export interface Policy {
  /**
   * A browser's preflight for a request that the route would take: the headers of the 204 that answers it. Nothing else
   * sees it, no policy and no upstream.
   * @param methods that the route takes; undefined: whatever its endpoints have
   */
  onPreflight?(request: FastifyRequest, methods?: readonly string[]): HeaderBag;
  /** Before the request is served. Synchronous where it can be: a promise costs every request. */
  onRequest?(exchange: Exchange, request: FastifyRequest, reply: FastifyReply): Verdict | Promise<Verdict>;
  /** The headers on their way to the upstream, after hop-by-hop headers are gone. Changed in place. */
  onUpstreamHeaders?(headers: HeaderBag, exchange: Exchange): void;
  /**
   * Of a way to authenticate: the header that holds what it looks at, if one does. Where another way has let in, nobody has
   * verified that, and it goes no further, whatever the settings say of what goes on.
   */
  credentialIn?(headers: Readonly<HeaderBag>): string | undefined;
  /**
   * Stands around the call upstream: may change what is sent and what comes back, ask several times, or not at all.
   * A route with such a policy gives up the fast way on which bytes go through untouched. Of a WebSocket it stands around
   * the handshake.
   * @throws a GatewayError, which becomes the answer
   */
  aroundCall?(call: UpstreamRequest, exchange: Exchange, next: NextCall): Promise<UpstreamResponse>;
  /** Guards a call to a model: sees its texts before the model, and the answer's before the client. Made for each call. */
  guardModel?(exchange: Exchange): ModelGuard;
  /** The headers on their way to the client, the upstream's or the gateway's own answer. Changed in place. */
  onResponseHeaders?(headers: HeaderBag, exchange: Exchange): void;
  /** The generation is over and no request is left in it, or its revision was refused while it was being built. */
  dispose?(): void | Promise<void>;
}

/** What there is of the gateway before it runs: enough to say whether it would. */
export type CheckPorts = Pick<PolicyPorts, 'compileSchema' | 'consumers' | 'route'>;

/** The default export of a folder in `plugins/`, or of a user's own plugin. */
export interface PolicyDescriptor<Settings = never> {
  /** The name in the config: equal to the folder's. */
  readonly name: string;
  readonly slot: Slot;
  /**
   * Where it may stand; absent: everywhere. `routes`: on API routes, the only ones with a call that a policy could stand
   * around. `ai`: on `ai` and on `mcp`, where guards see answers. `models`: on `ai` alone, where they see requests.
   */
  readonly on?: 'routes' | 'ai' | 'models';
  /** Schema of the settings (TypeBox or JSON Schema), with defaults. */
  readonly schema: TSchema;
  /** What is wrong with settings that the schema lets pass, as a sentence without its place; undefined if nothing. */
  check?(settings: Settings, ports: CheckPorts): string | undefined;
  /** @throws an Error that says what is wrong, if it could not be told before: the revision is refused */
  create(settings: Settings, ports: PolicyPorts): Policy | Promise<Policy>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's record; there from the first policy on. */
    exchange: Exchange;
  }
}
