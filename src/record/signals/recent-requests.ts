import type { RecordedRequest, RequestQuery } from '../../contracts/engine.ts';
import type { Exchange } from '../../contracts/exchange.ts';
import type { Scope } from '../../contracts/signal.ts';
import { cutText, ownText } from '../../lib/cut-text.ts';
import { EvenShare } from './even-share.ts';
import { isFailedCall, placeOfRequest } from './place-of-request.ts';
import { hash, productOf, type SignalSources } from './signal-writer.ts';

/** Requests kept, of those that went well and of those that did not: bad ones are rarer, and looked at more often. */
const GOOD_KEPT = 4_000;
const BAD_KEPT = 4_000;
/** Of those that went well, at most about so many of a second, evenly: at more, all of them would be gone within seconds. */
const GOOD_A_SECOND = 1_000;
const LIMIT = 100;
const MOST = 1000;

/** What is kept of an exchange: values only, so that nothing else of the request stays in memory with it. */
export interface KeptRequest
  extends Pick<
    Exchange,
    | 'id'
    | 'traceId'
    | 'startedAt'
    | 'method'
    | 'path'
    | 'status'
    | 'reason'
    | 'durationMs'
    | 'route'
    | 'routeVersion'
    | 'upstream'
    | 'target'
    | 'consumer'
    | 'revision'
    | 'failedAttempts'
    | 'retries'
    | 'breaker'
    | 'fallback'
    | 'cache'
    | 'ai'
  > {
  readonly session: string;
  readonly user: string;
  readonly region: string;
  /** As its client said it; '' if it did not: then `agent` has it. */
  readonly app: string;
  readonly agent: string;
  readonly isBad: boolean;
}

/** The last requests, to be looked at: bounded, without a header, a body or a query. */
export class RecentRequests {
  #sources: SignalSources;
  readonly #good = new Ring(GOOD_KEPT);
  readonly #bad = new Ring(BAD_KEPT);
  readonly #share = new EvenShare(GOOD_A_SECOND);

  constructor(sources: SignalSources) {
    this.#sources = sources;
  }

  use(sources: SignalSources): void {
    this.#sources = sources;
  }

  record(exchange: Exchange): void {
    const bad = isBad(exchange);
    if (!bad && !this.#share.takes(exchange.startedAt + exchange.durationMs)) return;
    this.#fill((bad ? this.#bad : this.#good).next(), exchange, bad);
  }

  add(request: KeptRequest): void {
    Object.assign((request.isBad ? this.#bad : this.#good).next(), request);
  }

  kept(exchange: Exchange): KeptRequest {
    return this.#fill(blank(), exchange, isBad(exchange));
  }

  #fill(kept: Slot, exchange: Exchange, bad: boolean): KeptRequest {
    const { headers } = exchange;
    const { session, user, region, app } = this.#sources;
    kept.id = exchange.id;
    kept.traceId = exchange.traceId;
    kept.startedAt = exchange.startedAt;
    kept.method = short(exchange.method);
    // The path is a part of what was asked for: it would keep the query in memory.
    kept.path = short(exchange.query.length > LONGEST ? ownText(exchange.path) : exchange.path);
    kept.status = exchange.status;
    kept.reason = exchange.reason;
    kept.durationMs = exchange.durationMs;
    kept.route = short(placeOfRequest(exchange));
    kept.routeVersion = exchange.routeVersion;
    kept.upstream = exchange.upstream;
    kept.target = exchange.target;
    kept.consumer = exchange.consumer;
    kept.revision = exchange.revision;
    kept.failedAttempts = exchange.failedAttempts;
    kept.retries = exchange.retries;
    kept.breaker = exchange.breaker;
    kept.fallback = exchange.fallback;
    kept.cache = exchange.cache;
    kept.ai = exchange.ai;
    kept.session = textOf(headers[session]);
    kept.user = textOf(headers[user]);
    kept.region = textOf(headers[region.header]) || region.default;
    kept.agent = textOf(headers['user-agent']);
    kept.app = textOf(headers[app.header]) || (kept.agent === '' ? app.default : '');
    kept.isBad = bad;
    return kept;
  }

  find(query: RequestQuery): RecordedRequest[] {
    const limit = Math.min(query.limit ?? LIMIT, MOST);
    const kept = [
      ...(query.isBad === false ? [] : this.#bad.all()),
      ...(query.isBad === true ? [] : this.#good.all()),
    ];
    return kept
      .filter((each) => fits(each, query))
      .sort((a, b) => b.startedAt - a.startedAt)
      .slice(0, limit)
      .map(shown);
  }
}

function fits(kept: KeptRequest, query: RequestQuery): boolean {
  const { startedAt, ai } = kept;
  return (
    (query.id === undefined || kept.id === query.id) &&
    (query.consumer === undefined || kept.consumer === query.consumer) &&
    (query.route === undefined || kept.route === query.route) &&
    (query.model === undefined || ai?.model === query.model) &&
    (query.reason === undefined || kept.reason === query.reason) &&
    (query.from === undefined || startedAt >= query.from) &&
    (query.to === undefined || startedAt <= query.to) &&
    (query.session === undefined || kept.session === query.session) &&
    (query.user === undefined || hashed(kept.user) === query.user)
  );
}

function shown(kept: KeptRequest): RecordedRequest {
  const { ai, startedAt, failedAttempts, user, ...rest } = kept;
  return {
    id: rest.id,
    traceId: rest.traceId,
    at: startedAt,
    method: rest.method,
    path: rest.path,
    status: rest.status,
    reason: rest.reason,
    durationMs: rest.durationMs,
    scope: scopeOf(kept),
    session: rest.session,
    user: hashed(user),
    attempts: failedAttempts.map(({ upstream, target, reason, endedMs }) => ({
      upstream,
      target,
      reason,
      endedMs,
    })),
    retries: rest.retries,
    breaker: rest.breaker,
    fallback: rest.fallback,
    cache: rest.cache,
    outcome: ai?.outcome ?? '',
    usd: known(ai?.usd),
    tokensIn: known(ai?.tokensIn),
    tokensOut: known(ai?.tokensOut),
    firstTokenMs: known(ai?.firstTokenMs),
  };
}

function scopeOf({
  ai,
  route,
  upstream,
  target,
  routeVersion,
  consumer,
  region,
  app,
  agent,
  revision,
}: KeptRequest): Scope {
  const values: Scope = {
    route,
    upstream: ai === null ? upstream : '',
    target,
    provider: ai?.provider ?? '',
    model: ai?.model ?? '',
    version: ai?.version ?? routeVersion,
    prompt: ai?.prompt ?? '',
    promptVersion: ai?.promptVersion ?? '',
    consumer,
    region,
    app: app || productOf(agent),
    revision: String(revision),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

const known = (value: number | undefined): number | null => (value === undefined || value < 0 ? null : value);
/** Characters of what clients send. */
const LONGEST = 256;
const short = (text: string): string => cutText(text, LONGEST);
const textOf = (value: string | string[] | undefined): string =>
  typeof value === 'string' ? short(value) : '';
const hashed = (user: string): string =>
  user === '' ? '' : (hash(user) >>> 0).toString(16).padStart(8, '0');

const isBad = ({ status, reason, ai, mcp, breaches, failedAttempts }: Exchange): boolean =>
  status >= 400 ||
  reason !== 'ok' ||
  breaches !== null ||
  failedAttempts.length > 0 ||
  (ai !== null && ai.outcome !== 'complete') ||
  (mcp !== null && isFailedCall(mcp));

type Slot = { -readonly [K in keyof KeptRequest]: KeptRequest[K] };

const blank = (): Slot => ({
  id: '',
  traceId: '',
  startedAt: 0,
  method: '',
  path: '',
  status: 0,
  reason: '',
  durationMs: 0.5,
  route: '',
  routeVersion: '',
  upstream: '',
  target: '',
  consumer: '',
  revision: 0,
  failedAttempts: [],
  retries: 0,
  breaker: '',
  fallback: '',
  cache: '',
  ai: null,
  session: '',
  user: '',
  region: '',
  app: '',
  agent: '',
  isBad: false,
});

/** The last so many, in objects that are used again and again: none is made for a request. */
class Ring {
  readonly #size: number;
  readonly #kept: Slot[] = [];
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** The one to be overwritten. */
  next(): Slot {
    const at = this.#next;
    this.#next = at + 1 === this.#size ? 0 : at + 1;
    let slot = this.#kept[at];
    if (!slot) {
      slot = blank();
      this.#kept[at] = slot;
    }
    return slot;
  }

  all(): readonly KeptRequest[] {
    return this.#kept;
  }
}
