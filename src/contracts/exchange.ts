import type { GuardAction } from './guard.ts';

/** How a model call ended: exactly one of these. */
export type Outcome =
  | 'complete'
  | 'length'
  | 'filtered'
  | 'refused'
  | 'empty'
  | 'truncated'
  | 'no_finish_reason'
  | 'tool_call_malformed'
  | 'schema_failed'
  | 'client_cancelled'
  | 'fallback_used'
  | 'rules_used'
  /** The gateway refused it: a budget, a policy, a field that no model could take. */
  | 'not_asked'
  /** A provider was asked, and the gateway could not give what it answered: its store, a guard, a turn that had gone on. */
  | 'not_given'
  | 'upstream_connect'
  | 'upstream_reset'
  | 'upstream_timeout'
  | 'upstream_invalid'
  | 'upstream_too_large'
  | 'upstream_4xx'
  | 'upstream_5xx';

/** What happened to an AI call: filled by `ai/`, read by `record/`. */
export interface AiFacts {
  /** As in OpenTelemetry's `gen_ai.operation.name`: `chat`, `embeddings`, … */
  operation: string;
  /** The alias the client asked for, as configured (never the raw text of a client for an unknown model). */
  model: string;
  provider: string;
  /** Id of the provider's key that was used; '' where it has but one. */
  providerKey: string;
  /** The provider's own model name. */
  upstreamModel: string;
  /** The target's `version` label from the config, or ''. */
  version: string;
  /** The prompt that was called and its version, '' where the client wrote the request itself. */
  prompt: string;
  promptVersion: string;
  /** The answer broke the prompt's schema and was sent back once. */
  repaired: boolean;
  stream: boolean;
  /** Of the request's bytes: equal ones have the same. 0 = not looked at. */
  digest: number;
  /** Tokens; -1 = unknown. */
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
  /** US dollars; -1 = unknown (no price for the model). */
  usd: number;
  /** Milliseconds from the request's start to the first byte of an answer that a provider is still giving; -1 = it came whole, or none did. */
  firstTokenMs: number;
  /** Milliseconds an output token after the first, of a stream; -1 = unknown. */
  msPerToken: number;
  /** The longest wait between two pieces of a stream, in milliseconds; -1 = unknown. */
  longestGapMs: number;
  /** The tokens' mean probability (geometric), from 0 to 1; -1 = the provider doesn't say. */
  confidence: number;
  /** What the user last said is written in, as `languageOf` guesses it; '' = nobody looked. */
  language: string;
  /** The tool that the answer calls, the first of several; '' = none. */
  tool: string;
  finishReason: string;
  /** `reported` by the provider, `estimated` by us, `cached` where an answer was given again, '' when nothing was generated. */
  usageSource: '' | 'reported' | 'estimated' | 'cached';
  /** US dollars that an answer from the cache had cost when it was made; -1 = it is none, or nobody knows. */
  savedUsd: number;
  /** '' while it runs. */
  outcome: Outcome | '';
}

/** What a model call had to do with a conversation that is remembered: filled by `ai/` and `context/`. */
export interface ContextFacts {
  /** As the client knows it. */
  session: string;
  /** Of a sub-agent's: the session of who has started it, with which it is held to the same caps. */
  within?: string;
  status: 'hit' | 'replay' | 'forked' | 'new' | 'reset' | 'degraded';
  mode: 'full' | 'delta';
  /** Why continuity was not kept; '' if it was. */
  cause:
    | ''
    | 'new_id_same_opener'
    | 'ttl'
    | 'erased'
    | 'hash_mismatch'
    | 'version_regressed'
    | 'store_down'
    | 'client_dropped_id';
  /** The version that the turn was made from. */
  base: number;
  /** The turn's own; -1 = it was not committed, or not yet. */
  version: number;
  /** Id of the turn. */
  turn: string;
  /** Other turns had been committed meanwhile. */
  staleBase: boolean;
  /** Estimated tokens of the context that was put before what the client sent; 0 where it sent all of it itself. */
  tokens: number;
  /** Milliseconds spent on it: reading and putting together, and committing. */
  readMs: number;
  commitMs: number;
}

/** How a message to an MCP server ended: exactly one of these. */
export type McpOutcome =
  | 'ok'
  /** A result that says of itself that it is an error. */
  | 'tool_error'
  /** An error of JSON-RPC that the server gave. */
  | 'rpc_error'
  | 'input_required'
  /** The gateway refused it: who asks may not use it, too often, or its definition changed. */
  | 'refused'
  | 'client_cancelled'
  | 'failed';

/** What happened to a message of the Model Context Protocol: filled by `mcp/`, read by `record/`. */
export interface McpFacts {
  /** `tools/call`, `initialize`, …; `_other` for what the protocol doesn't have. */
  readonly method: string;
  /** As configured; '' for the endpoint of all servers together. */
  server: string;
  /** Of a call: the tool, by the server's own name, of 512 characters at most; '' where nobody may use it. Where all may be used it is a client's text. */
  tool: string;
  /** The beginning of the session's digest, which tells sessions apart and opens none; '' where there is none. */
  session: string;
  /** The protocol's revision as the client speaks it. */
  revision: string;
  /** '' while it runs. */
  outcome: McpOutcome | '';
  /** Its time says nothing of the server: a stream on which a client listens, or a person was asked meanwhile. */
  isWaiting: boolean;
  /** How a tool's result is not what its `outputSchema` says, as `ContractBreach.at`; '' if it is, or says nothing. */
  breach: string;
  /** Code of the error table: why there is no result of the server's, where HTTP says that all is well; '' = there is. */
  fault: string;
}

/** A call to an upstream that came to nothing: another was made after it, or the request failed. */
export interface FailedAttempt {
  readonly upstream: string;
  readonly target: string;
  /** A code of the error table, or the status that was answered. */
  readonly reason: string;
  /** Whether the same upstream was asked once more because of it. */
  readonly isRetried?: boolean;
  /** When it had failed: milliseconds since the request began. */
  readonly endedMs: number;
}

/** Something about a request or its answer that the route's contract does not say. Never holds data of either. */
export interface ContractBreach {
  readonly direction: 'request' | 'response';
  /** What broke it: the body (its schema), or something that the contract does not name. */
  readonly what: 'schema' | 'method' | 'query' | 'status' | 'content_type';
  /** Where and what: `/items/0/price must be number`, `status 418`. */
  readonly at: string;
}

/** The shape in which errors are rendered: RFC 9457 on API routes, the vendor's own on AI routes, JSON-RPC for MCP. */
export type ErrorShape = 'problem' | 'openai' | 'responses' | 'anthropic' | 'google' | 'mcp';

/**
 * The record of one request from its first byte to its last. There is one for every request that reaches the
 * listener, also for those that never reach a route. It is filled on the way and read once, at the end, by `record/`.
 */
export interface Exchange {
  readonly id: string;
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string;
  /** The gateway's own span id, 16 hex digits: the parent of what the upstream does. */
  readonly spanId: string;
  /** W3C trace flags as received, else '01', or '00' of a trace that is not sampled. */
  readonly traceFlags: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Monotonic clock (performance.now()), milliseconds. */
  readonly started: number;
  readonly method: string;
  /** The canonical path, without query. */
  path: string;
  /** The canonical path that the upstream got, where the route rewrote it; else ''. */
  upstreamPath: string;
  /** The raw query with its leading '?', or ''. Never logged as it is. */
  query: string;
  /** The client's headers as they came. Never logged as they are. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The client's address after `trustProxy`. */
  client: string;
  /** Name of the authenticated consumer, '' when none. */
  consumer: string;
  consumerGroups: readonly string[];
  /** Of a token's claims those that its policy keeps, with their values as text. */
  consumerClaims: Readonly<Record<string, readonly string[]>>;
  /** Id of the API key that the consumer showed; '' if it showed something else. */
  consumerKey: string;
  /** Name of the route from the config, '' when none matched. */
  route: string;
  /** The route's `version` from the config, or ''. */
  routeVersion: string;
  /** The priority of the route, where the request was shed; else ''. */
  priority: string;
  /** Whether the route is deprecated: who still calls it is counted. */
  deprecated: boolean;
  /** How request and answer broke the route's contract; null if they did not, or nobody looked. */
  breaches: ContractBreach[] | null;
  /** What guards did to a call to a model; null if nothing. */
  guards: GuardAction[] | null;
  shape: ErrorShape;
  /** Whether it is a call of gRPC: then errors are a status of gRPC's, whatever the shape. */
  isGrpc: boolean;
  /** How a gRPC call ended (`grpc-status`: 0 = OK); -1: it is none, or ended without one. The HTTP status is 200 then. */
  grpcStatus: number;
  /** The status sent to the client; 499 when the client left before one was sent. */
  status: number;
  /** A code of the error table, or `ok`, `upstream_4xx`, `upstream_5xx`: of a gRPC call by what its status is in HTTP. */
  reason: string;
  bytesIn: number;
  bytesOut: number;
  /** Milliseconds from when the gateway saw it to its end; set then. */
  durationMs: number;
  /**
   * Milliseconds for which the event loop was busy with something else when the gateway saw it: the most that it has
   * waited before. 0 where that can't be told from nothing.
   */
  queuedMs: number;
  /**
   * Milliseconds of the attempt that answered, from its start, waiting for a connection included, to the answer's head;
   * -1 = no upstream answered.
   */
  upstreamMs: number;
  upstream: string;
  /** The upstream that a split chose for this client, '' where the route has no split. */
  variant: string;
  target: string;
  attempts: number;
  /** Those of the attempts that failed before the one that answered. */
  failedAttempts: FailedAttempt[];
  /** Attempts that were made because one before them had failed. */
  retries: number;
  /**
   * Why its last failure got no retry though the upstream has some for it: `not_idempotent`, `body_streamed` (too large to
   * be sent twice), `attempts` (all were made), `retry_after` (longer than `maxWait`), `budget`; null if nothing was refused.
   * The upstream is the one that failed: another may have stood in since.
   */
  retryRefused: { readonly upstream: string; readonly reason: string } | null;
  /** What of an attempt that was made beside a slow one: it answered first, or not; '' if there was none. */
  hedge: '' | 'won' | 'lost';
  /** What the upstream's breaker said: it let nothing through, or this as a probe; '' if it was closed. */
  breaker: '' | 'open' | 'half-open';
  /** Name of the fallback that answered, '' when none. */
  fallback: string;
  /**
   * Why the fallback stood by, where there is one and the request failed all the same: it is for other statuses, the request
   * may not be sent twice, or nobody of it could take the request; '' otherwise.
   */
  unusedFallback: '' | 'status' | 'not_repeatable' | 'unable';
  /** What the gateway made the call for, of one that no client made; else ''. */
  purpose: '' | 'cache' | 'shadow' | 'context';
  /** The id of the request for which it was made; else ''. */
  causedBy: string;
  /**
   * What the cache did for it, '' where there is none. `semantic`: it gave the answer to a like question. `bypass`: the
   * request is none that a cache answers.
   */
  cache: '' | 'hit' | 'semantic' | 'stale' | 'revalidated' | 'miss' | 'bypass';
  /** Milliseconds since the origin made or confirmed the answer that the cache gave; -1 = the cache gave none. */
  cacheAgeMs: number;
  /** Number of the config revision that served it. */
  readonly revision: number;
  ai: AiFacts | null;
  /** Null where nothing is remembered. */
  context: ContextFacts | null;
  mcp: McpFacts | null;
}
