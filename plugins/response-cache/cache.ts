import type { CachedAnswer } from '../../src/contracts/cache.ts';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { NextCall, PolicyPorts, UpstreamRequest, UpstreamResponse } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { drop, marked, notModified, placesIn, sameBytes, tagsOf, withCookies } from './answer-parts.ts';
import { type CacheCall, codeOf, flightOf, isShared, noteStandIn, urlOf } from './cache-call.ts';
import { directiveMs, directivesOf, secondsOf } from './cache-control.ts';
import { confirmed, isKnownToClient, isOfAnother, revalidation, unconditional } from './conditional.ts';
import { differs } from './differs.ts';
import { Flights, type Landing, type Shared } from './flights.ts';
import { ageOf, type Defaults, lifetimeOf } from './freshness.ts';
import { type Kept, keepWhilePassing } from './keep-while-passing.ts';
import { primaryKey, variantKey } from './keys.ts';
import { type Found, RouteAnswers } from './route-answers.ts';
import type { Settings } from './settings.ts';
import { isCacheable, isForAll, isForOne, isStorable, varyOf } from './storable.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** A client in a hurry should not wait for one that reads slowly, nor for one after another. */
const LONGEST_WAIT_MS = 5_000;
/** Failures of one connection, not of an upstream: before all who wait share one, one of them tries in its place. */
const OF_ONE_CONNECTION = new Set(['upstream_reset', 'upstream_connect']);
/** An upstream's failure, in place of which a stale answer may be given (RFC 5861 section 4). */
const isFailure = (status: number): boolean => status === 500 || (status >= 502 && status <= 504);

/** The cache of one route, around its calls. */
export class RouteCache {
  readonly #settings: Settings;
  readonly #ports: Pick<PolicyPorts, 'checked' | 'degraded' | 'now'>;
  readonly #answers: RouteAnswers;
  readonly #defaults: Defaults;
  readonly #always: readonly string[];
  readonly #flights = new Flights();
  #due = 0;

  constructor(settings: Settings, ports: PolicyPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#always = settings.vary.map((name) => name.toLowerCase()).sort();
    this.#defaults = {
      ttlMs: settings.ttl,
      staleWhileRevalidateMs: settings.staleWhileRevalidate,
      staleIfErrorMs: settings.staleIfError,
    };
    const answers = ports.answers(settings.store, settings.maxEntries);
    this.#answers = new RouteAnswers(answers, this.#defaults, ports);
  }

  async call(request: UpstreamRequest, exchange: Exchange, next: NextCall): Promise<UpstreamResponse> {
    if (!isCacheable(request)) return this.#pass(request, exchange, next);
    const isAuthorised = exchange.consumer !== '' || request.headers.authorization !== undefined;
    const tenant = isAuthorised && this.#settings.authorised === 'per-consumer' ? exchange.consumer : '';
    const call: CacheCall = {
      request,
      exchange,
      next,
      // Kept apart for its consumer, an answer is not shared.
      isAuthorised: isAuthorised && tenant === '',
      primary: primaryKey(request, { tenant, variant: exchange.variant, asked: exchange.path }, this.#always),
    };
    let until = 0;
    let failures = 0;
    /** What has been waited for to its end, and is not there. */
    let missing: string | undefined;
    for (;;) {
      const found = await this.#answers.find(call);
      const given = found.answer && this.#giveKept(call, found.key, found.answer);
      if (given) return given;
      if (directivesOf(request.headers['cache-control']).has('only-if-cached'))
        throw new GatewayError('cache_only_missing');
      if (found.key === missing) return this.#fetch(call, found);
      const now = performance.now();
      until ||= now + LONGEST_WAIT_MS;
      // Nothing may be waited for between this and the fetch that it leads to: that is the one that others find.
      const waiting = this.#flights.join(flightOf(call, found), until - now);
      if (!waiting) return this.#fetch(call, found);
      const landing = await waiting;
      if (landing === 'over' || landing === 'late') missing = found.key;
      else if (landing === 'left') continue;
      else if ('answer' in landing) {
        const shared = this.#giveShared(call, landing);
        if (shared) return shared;
        missing = found.key;
      } else {
        const { failure } = landing;
        const instead = this.#instead(call, found);
        if (instead) {
          noteStandIn(exchange, failure.code);
          return this.#give(call, instead.answer, 'stale', instead.age);
        }
        if (++failures > 1 || !OF_ONE_CONNECTION.has(failure.code)) throw failure;
      }
    }
  }

  /** What another's fetch brought, though it is not kept, if it is what this request would have brought. */
  #giveShared(call: CacheCall, { answer, variant }: Shared): UpstreamResponse | undefined {
    if (variantKey(call.primary, call.request.headers, varyOf(answer.headers) as string[]) !== variant)
      return undefined;
    this.#note(call, 'miss');
    const headers = { ...answer.headers, 'content-length': answer.body.length };
    const body = call.request.method === 'HEAD' ? null : answer.body;
    // RFC 9211 section 2.7
    return marked({ status: answer.status, headers, body }, 'fwd=miss; collapsed');
  }

  /** What was kept, if it may be given as it is. */
  #giveKept(call: CacheCall, key: string, answer: CachedAnswer): UpstreamResponse | undefined {
    const age = ageOf(answer, this.#ports.now());
    const lifetime = lifetimeOf(answer.headers, answer.receivedAt, this.#defaults);
    const wanted = directivesOf(call.request.headers['cache-control']);
    const isRefused =
      wanted.has('no-cache') ||
      (wanted.size === 0 && String(call.request.headers.pragma ?? '').includes('no-cache')) ||
      age > (directiveMs(wanted, 'max-age') ?? Number.POSITIVE_INFINITY) ||
      lifetime.freshMs - age < (directiveMs(wanted, 'min-fresh') ?? Number.NEGATIVE_INFINITY);
    if (isRefused) return undefined;
    if (age < lifetime.freshMs) {
      if (call.request.method === 'GET' && this.#isSampled() && !this.#flights.has(flightOf(call, { key })))
        this.#check(call, key, answer);
      return this.#give(call, answer, 'hit', age);
    }
    if (age >= lifetime.revalidateMs) return undefined;
    if (!this.#flights.has(flightOf(call, { key })))
      this.#refresh(call, { key, answer, mark: answer.mark ?? '' });
    return this.#give(call, answer, 'stale', age);
  }

  /** Evenly spread: every hundredth, at 1 %. */
  #isSampled(): boolean {
    this.#due += this.#settings.check;
    if (this.#due < 1) return false;
    this.#due -= 1;
    return true;
  }

  /** Asks the origin, behind the client's back, whether what was given still is what it says. */
  #check(call: CacheCall, key: string, answer: CachedAnswer): void {
    const quiet = { ...call, request: unconditional(call.request), isBackground: true };
    // Once the client has what it asked for: the attempt that is made now is none of its request's.
    const asked = new Promise((resolve) => setImmediate(resolve));
    asked
      .then(() => this.#fetch(quiet, { key, answer, mark: answer.mark ?? '' }))
      .then(async (response) => {
        const isOutdated = await differs(response, answer, this.#settings.maxEntry);
        if (isOutdated !== undefined) this.#ports.checked(call.exchange, isOutdated);
      })
      // A failing origin shows in its requests: it has not said anything else.
      .catch((error: unknown) => this.#ports.degraded('stale', error as Error));
  }

  /** Fetches behind the client's back; what it has got was good enough for it. */
  #refresh(call: CacheCall, found: Found): void {
    // HEAD brings nothing to keep.
    const quiet = { ...call, request: { ...call.request, method: 'GET' }, isBackground: true };
    this.#fetch(quiet, found).then(
      ({ body }) => {
        if (body !== null && !Buffer.isBuffer(body)) body.resume();
      },
      (error: unknown) => this.#ports.degraded('stale', error as Error),
    );
  }

  async #fetch(call: CacheCall, found: Found): Promise<UpstreamResponse> {
    const isHead = call.request.method === 'HEAD';
    const flight = flightOf(call, found);
    const isForOthers = !(isHead || directivesOf(call.request.headers['cache-control']).has('no-store'));
    const land = isForOthers ? this.#flights.begin(flight) : (): void => undefined;
    let isHandedOn = false;
    try {
      let requestedAt = this.#ports.now();
      let asking = found.answer && revalidation(call.request, found.answer);
      // Kept answers are whole ones: HEAD brings none, and leaves its client's conditions alone.
      const plain = isHead ? call.request : unconditional(call.request);
      let response = await this.#ask(call, found, asking ?? plain);
      if (asking && found.answer && 'status' in response && isOfAnother(response, found.answer)) {
        asking = undefined;
        requestedAt = this.#ports.now();
        response = await this.#ask(call, found, plain);
      }
      if (!('status' in response)) {
        land(response.failure ? { failure: response.failure } : 'left');
        return this.#give(call, response.answer, 'stale', response.age);
      }
      // What stands in for the upstream is asked only while that fails: nothing of it is kept, nor does it change what is.
      const isStandIns = call.exchange.fallback !== '';
      const times = { requestedAt, receivedAt: this.#ports.now(), mark: found.mark };
      if (response.status === 304 && asking && found.answer) {
        const renewed = isStandIns
          ? found.answer
          : await this.#renew(call, { key: found.key, answer: found.answer }, response, times);
        return withCookies(
          this.#give(call, renewed, 'revalidated', ageOf(renewed, times.receivedAt)),
          response.headers,
        );
      }
      if (!isHead && !isStandIns && isStorable(call.request, response, call.isAuthorised)) {
        isHandedOn = true;
        return await this.#keep(call, response, times, { flight, land });
      }
      if (isForOthers && !isStandIns && response.status >= 500 && this.#flights.isAwaited(flight)) {
        if (isForAll(response, call.isAuthorised)) {
          isHandedOn = true;
          return await this.#share(call, response, land);
        }
      }
      if (!isStandIns && isForOne(response, call.isAuthorised)) this.#flights.learn(flight, false);
      if (found.answer && response.status < 400 && !isHead && !isStandIns)
        await this.#answers.delete(found.key);
      this.#note(call, 'miss');
      return marked(response, 'fwd=miss');
    } catch (error) {
      // That its own client left says nothing to the others.
      if (isShared(error)) land({ failure: error });
      else land(codeOf(error) === 'client_cancelled' ? 'left' : 'over');
      throw error;
    } finally {
      if (!isHandedOn) land('over');
    }
  }

  /** What is kept, if it may stand in for an upstream that fails. */
  #instead(call: CacheCall, { answer }: Found): { answer: CachedAnswer; age: number } | undefined {
    if (!answer || call.isBackground) return undefined;
    const age = ageOf(answer, this.#ports.now());
    const { ifErrorMs } = lifetimeOf(answer.headers, answer.receivedAt, this.#defaults);
    return age < ifErrorMs ? { answer, age } : undefined;
  }

  /** Asks upstream; where that fails and a kept answer may stand in, that. */
  async #ask(
    call: CacheCall,
    found: Found,
    request: UpstreamRequest,
  ): Promise<UpstreamResponse | { answer: CachedAnswer; age: number; failure: GatewayError | undefined }> {
    let response: UpstreamResponse;
    try {
      response = await call.next(request);
    } catch (error) {
      const kept = this.#instead(call, found);
      if (!kept) throw error;
      this.#ports.degraded('stale', error as Error);
      noteStandIn(call.exchange, codeOf(error));
      return { ...kept, failure: isShared(error) ? error : undefined };
    }
    const kept = isFailure(response.status) ? this.#instead(call, found) : undefined;
    if (!kept) return response;
    drop(response);
    noteStandIn(call.exchange, String(response.status));
    // Who waits has the same stale answer to give.
    return { ...kept, failure: new GatewayError('upstream_unavailable') };
  }

  /** Hands a failure on, and gives it to those who have waited for what it came in place of. */
  async #share(
    call: CacheCall,
    response: UpstreamResponse,
    land: (landing: Landing) => void,
  ): Promise<UpstreamResponse> {
    const { 'cache-tag': _tags, ...headers } = response.headers;
    const variant = variantKey(call.primary, call.request.headers, varyOf(headers) as string[]);
    const share = (body: Kept): void => {
      if (body === 'broken') land('left');
      else if (body === 'too large') land('over');
      else land({ answer: { status: response.status, headers, body }, variant });
    };
    const body = await keepWhilePassing(response.body, this.#settings.maxEntry, share);
    this.#note(call, 'miss');
    return marked({ ...response, headers, body, ...sameBytes(response, body) }, 'fwd=miss');
  }

  /** Of what a 304 has confirmed, what there is now; that is kept as if it had come whole. */
  async #renew(
    call: CacheCall,
    { key, answer }: { key: string; answer: CachedAnswer },
    { headers }: UpstreamResponse,
    times: Times,
  ): Promise<CachedAnswer> {
    const tagged = headers['cache-tag'];
    const tags = tagged === undefined ? undefined : [...this.#settings.tags, ...tagsOf(tagged)];
    const renewed = confirmed(answer, headers, times, tags);
    if (isForOne(renewed, false)) {
      // It says now that it is not for all.
      this.#flights.learn(flightOf(call, { key }), false);
      await this.#answers.delete(key);
      return renewed;
    }
    // Of what one client may be told only, what is kept for all is left as it is.
    if (!isStorable(call.request, renewed, call.isAuthorised)) return renewed;
    // A purge of a tag that it had, since it was asked about, has forgotten it; by its new ones nobody could tell.
    if (tags && !(await this.#answers.get(key))) return renewed;
    const varies = varyOf(renewed.headers) as string[];
    if (varies.join() === String(varyOf(answer.headers))) await this.#answers.put(key, renewed);
    else await this.#answers.putAmongVariants(call, { ...renewed, varies });
    return renewed;
  }

  /** Hands an answer on and keeps it once its last byte has come. */
  async #keep(
    call: CacheCall,
    response: UpstreamResponse,
    times: Times,
    { flight, land }: { flight: string; land: (landing: Landing) => void },
  ): Promise<UpstreamResponse> {
    const { request } = call;
    const { 'cache-tag': tagged, ...headers } = response.headers;
    const varies = varyOf(headers) as string[];
    const entry = {
      url: urlOf(call.exchange),
      tags: [...this.#settings.tags, ...tagsOf(tagged)],
      ...times,
      status: response.status,
      headers,
      varies,
    };
    const { maxEntry } = this.#settings;
    const keep = async (body: Kept): Promise<void> => {
      try {
        if (body === 'broken') {
          land('left');
          return;
        }
        // What is too large for the cache is not worth waiting for either.
        this.#flights.learn(flight, body !== 'too large');
        if (body === 'too large') return;
        await this.#answers.putAmongVariants(call, { ...entry, body });
      } finally {
        land('over');
      }
    };
    const isTooLarge = (secondsOf(String(headers['content-length'] ?? '')) ?? 0) > maxEntry;
    if (isTooLarge) await keep('too large');
    const body = isTooLarge ? response.body : await keepWhilePassing(response.body, maxEntry, keep);
    this.#note(call, 'miss');
    // Whether it is kept shows at its end, when the head is long gone: `stored` (RFC 9211 section 2.5) would be a guess.
    const passed = marked({ ...response, headers, body, ...sameBytes(response, body) }, 'fwd=miss');
    // The client may have asked whether it has it already; upstream was not told.
    if (!isKnownToClient(request.headers, { ...entry, body: Buffer.alloc(0) })) return passed;
    if (body !== null && !Buffer.isBuffer(body)) body.resume();
    return { ...passed, status: 304, headers: notModified(passed.headers), body: null };
  }

  #give(
    call: CacheCall,
    answer: CachedAnswer,
    outcome: 'hit' | 'stale' | 'revalidated',
    ageMs: number,
  ): UpstreamResponse {
    this.#note(call, outcome, ageMs);
    const { freshMs } = lifetimeOf(answer.headers, answer.receivedAt, this.#defaults);
    const detail =
      outcome === 'revalidated' ? 'fwd=stale; fwd-status=304' : `hit; ttl=${seconds(freshMs - ageMs)}`;
    const headers = { ...answer.headers, age: String(Math.max(0, seconds(ageMs))) };
    const response = marked({ status: answer.status, headers, body: answer.body }, detail);
    if (isKnownToClient(call.request.headers, answer))
      return { status: 304, headers: notModified(response.headers), body: null };
    if (answer.status !== 204) response.headers['content-length'] = answer.body.length;
    return call.request.method === 'HEAD' ? { ...response, body: null } : response;
  }

  /** What is not for the cache; a change that succeeded makes what is kept under its URL wrong (RFC 9111 section 4.4). */
  async #pass(request: UpstreamRequest, exchange: Exchange, next: NextCall): Promise<UpstreamResponse> {
    const response = await next(request);
    exchange.cache = 'bypass';
    if (SAFE.has(request.method) || response.status >= 400) return response;
    for (const path of new Set([request.path, ...placesIn(request, response)]))
      await this.#answers.changed({ headers: request.headers, path });
    return response;
  }

  #note({ exchange, isBackground }: CacheCall, outcome: Exchange['cache'], ageMs = -1): void {
    if (isBackground) return;
    exchange.cache = outcome;
    exchange.cacheAgeMs = ageMs;
  }
}

/** When an answer was fetched, by the clock and by what was changed before. */
type Times = Pick<CachedAnswer, 'requestedAt' | 'receivedAt' | 'mark'>;

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
