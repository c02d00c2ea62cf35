import type { IncomingMessage } from 'node:http';
import type {
  AiFacts,
  ContextFacts,
  ContractBreach,
  ErrorShape,
  Exchange,
  FailedAttempt,
  McpFacts,
} from '../contracts/exchange.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { isRequestId, newRequestId } from '../lib/request-id.ts';
import { traceContext } from '../lib/traceparent.ts';
import { CancelSignal } from '../upstream/signal.ts';
import { effectiveStatus } from './effective-status.ts';

const EXCHANGE = Symbol('hypercare.exchange');
const NO_GROUPS: readonly string[] = Object.freeze([]);
const NO_CLAIMS: LiveExchange['consumerClaims'] = Object.freeze({});

/** What is read of a request. */
interface Asked {
  readonly headers: IncomingMessage['headers'];
  readonly method?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

interface Carrier extends Asked {
  [EXCHANGE]?: LiveExchange;
}

/** The Exchange while it lives: what `contracts/exchange.ts` promises, and the means to fill it. */
export class LiveExchange implements Exchange {
  readonly id: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: string;
  readonly startedAt: number;
  readonly started: number;
  readonly method: string;
  path = '';
  upstreamPath = '';
  query = '';
  readonly headers: IncomingMessage['headers'];
  client: string;
  consumer = '';
  consumerGroups: readonly string[] = NO_GROUPS;
  consumerClaims: Readonly<Record<string, readonly string[]>> = NO_CLAIMS;
  consumerKey = '';
  route = '';
  routeVersion = '';
  priority = '';
  deprecated = false;
  breaches: ContractBreach[] | null = null;
  guards: Exchange['guards'] = null;
  shape: ErrorShape = 'problem';
  isGrpc = false;
  /** Its body comes for as long as the call lasts: it has no time to be there in. */
  isOpenEnded = false;
  grpcStatus = -1;
  status = 0;
  reason = '';
  bytesIn = 0;
  bytesOut = 0;
  durationMs = 0;
  queuedMs = 0;
  upstreamMs = -1;
  upstream = '';
  variant = '';
  target = '';
  attempts = 0;
  failedAttempts: FailedAttempt[] = [];
  retries = 0;
  retryRefused: Exchange['retryRefused'] = null;
  hedge: '' | 'won' | 'lost' = '';
  breaker: '' | 'open' | 'half-open' = '';
  fallback = '';
  unusedFallback: Exchange['unusedFallback'] = '';
  purpose: Exchange['purpose'] = '';
  causedBy = '';
  cache: Exchange['cache'] = '';
  cacheAgeMs = -1;
  readonly revision: number;
  ai: AiFacts | null = null;
  context: ContextFacts | null = null;
  mcp: McpFacts | null = null;
  /** What the reason doesn't say, for the log: the upstream's own error. */
  detail = '';
  /** Aborted when the client has gone before its answer was complete. */
  readonly cancel: CancelSignal = new CancelSignal();
  /** Among those in flight; -1: none of them. */
  place = -1;
  #atEnd: (() => void | Promise<void>)[] = [];
  #ended = false;

  /** @param sample share of the traces begun here that are sampled, from 0 to 1 */
  constructor(request: Asked, revision: number, now: { wall: number; monotonic: number }, sample = 1) {
    const { headers } = request;
    this.headers = headers;
    this.id = isRequestId(headers['x-request-id']) ? headers['x-request-id'] : newRequestId();
    const trace = traceContext(headers.traceparent as string | undefined, sample);
    this.traceId = trace.traceId;
    this.spanId = trace.spanId;
    this.traceFlags = trace.flags;
    this.startedAt = now.wall;
    this.started = now.monotonic;
    this.method = request.method ?? '';
    this.client = request.socket.remoteAddress ?? '';
    this.revision = revision;
    (request as Carrier)[EXCHANGE] = this;
  }

  /** Names why the request ended as it did. The first to say so is the cause; what follows from it is not. */
  fail(code: ErrorCode, cause?: unknown): void {
    if (this.reason !== '' || this.#ended) return;
    this.reason = code;
    if (cause !== undefined) this.detail = describe(cause);
  }

  failWith(error: GatewayError): void {
    this.fail(error.code, error.cause);
  }

  /**
   * The record of a call that the gateway makes by itself for this one: of the same consumer, in the same trace.
   * @param path that a client would have asked
   */
  inner(
    purpose: Exclude<Exchange['purpose'], ''>,
    path: string,
    now: { wall: number; monotonic: number },
  ): LiveExchange {
    const headers = { traceparent: `00-${this.traceId}-${this.spanId}-${this.traceFlags}` };
    const socket = { remoteAddress: this.client };
    const { consumer, consumerGroups, consumerClaims, consumerKey, route, routeVersion } = this;
    return Object.assign(new LiveExchange({ headers, method: 'POST', socket }, this.revision, now), {
      ...{ consumer, consumerGroups, consumerClaims, consumerKey, route, routeVersion },
      ...{ path, purpose, causedBy: this.id },
    });
  }

  /** Work at the exchange's end, in every ending: before it is recorded. It must not fail. */
  atEnd(work: () => void | Promise<void>): void {
    this.#atEnd.push(work);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * When the last byte has been handed over or the connection is gone; it ends once.
   * @returns false if it had ended before; a promise if it can't be recorded yet
   */
  end(outcome: {
    status: number;
    complete: boolean;
    bytesIn: number;
    bytesOut: number;
    monotonic: number;
  }): boolean | Promise<unknown> {
    if (this.#ended) return false;
    this.status = outcome.status;
    if (!outcome.complete && this.reason === '') this.reason = 'client_cancelled';
    if (this.reason === '') this.reason = passedReason(effectiveStatus(this));
    this.bytesIn = outcome.bytesIn;
    this.bytesOut = outcome.bytesOut;
    this.durationMs = outcome.monotonic - this.started;
    if (!outcome.complete) this.cancel.abort(new GatewayError('client_cancelled'));
    this.#ended = true;
    let pending: Promise<unknown>[] | undefined;
    for (let i = 0, { length } = this.#atEnd; i < length; i++) {
      const done = this.#atEnd[i]?.();
      if (!(done instanceof Promise)) continue;
      pending ??= [];
      pending.push(done);
    }
    return pending === undefined ? true : Promise.all(pending);
  }
}

/** The reason of an answer that was passed on as it came. */
function passedReason(status: number): string {
  if (status >= 500) return 'upstream_5xx';
  return status >= 400 ? 'upstream_4xx' : 'ok';
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause).slice(0, 200);
  const code = (cause as { code?: unknown }).code;
  const text =
    typeof code === 'string' && !cause.message.includes(code) ? `${code}: ${cause.message}` : cause.message;
  return (text || cause.name).slice(0, 200);
}

/** @throws if the request did not come through the listener: a fault of ours */
export function exchangeOf(request: IncomingMessage): LiveExchange {
  const exchange = (request as Carrier)[EXCHANGE];
  if (!exchange) throw new Error('a request without an exchange');
  return exchange;
}
