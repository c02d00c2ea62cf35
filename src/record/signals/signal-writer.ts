import type { Exchange, FailedAttempt } from '../../contracts/exchange.ts';
import { cutText } from '../../lib/cut-text.ts';
import { effectiveStatus } from '../effective-status.ts';
import { targetLabel } from '../target-label.ts';
import {
  BATCH,
  BATCH_BYTES,
  DIMENSIONS,
  FLAG,
  INT,
  INTS,
  intsOf,
  REAL,
  REALS,
  realsOf,
  type SignalBatch,
  SPACE,
} from './layout.ts';
import { Names } from './names.ts';
import { isFailedCall, Places } from './place-of-request.ts';

/** A header that says it, and what holds where it is missing. */
export interface HeaderSource {
  readonly header: string;
  readonly default: string;
}

export interface SignalSources {
  readonly region: HeaderSource;
  readonly app: HeaderSource;
  readonly user: string;
  readonly session: string;
  /** The release that runs, or ''. */
  readonly release: string;
  /** What the config names; absent: nothing. */
  readonly names?: ReadonlySet<string>;
}

export interface SignalPorts {
  /** Takes a batch, and its buffer with it. False: there is no room for it. */
  send(batch: SignalBatch): boolean;
  onDropped(signals: number): void;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Buffers that may be away at once: what comes while all of them are is dropped. */
const MOST_AWAY = 64;
/** `user-agent` texts whose product is remembered. */
const MOST_AGENTS = 2000;
/** Characters of them: the product stands at their beginning. */
const LONGEST_AGENT = 256;

const [ROUTE, UPSTREAM, TARGET, PROVIDER, MODEL, VERSION, PROMPT, PROMPT_VERSION, CONSUMER, REGION, APP] =
  DIMENSIONS.map((_, at) => at) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
const REVISION = DIMENSIONS.indexOf('revision');
const RELEASE = DIMENSIONS.indexOf('release');

/** One that stood by at first and answered after all was used. */
const UNUSED = {
  '': 0,
  status: FLAG.unusedForStatus,
  not_repeatable: FLAG.unusedNotRepeatable,
  unable: FLAG.unusedUnable,
} as const satisfies Record<Exchange['unusedFallback'], number>;

/** How what looks like a success ended: of a call to a model, or of a tool that says that it came to nothing. */
function outcomeOf({ ai, mcp }: Exchange): string {
  if (ai !== null) return ai.outcome;
  return mcp !== null && isFailedCall(mcp) ? mcp.outcome : '';
}

/** Writes exchanges down as records of numbers, and hands them over in batches. */
export class SignalWriter {
  readonly names: Names = new Names();
  readonly #ports: SignalPorts;
  #sources: SignalSources;
  #release: number;
  readonly #places = new Places();
  readonly #agents = new Map<string, number>();
  readonly #free: ArrayBuffer[] = [];
  #away = 0;
  #buffer: ArrayBuffer = new ArrayBuffer(BATCH_BYTES);
  #ints = intsOf(this.#buffer);
  #reals = realsOf(this.#buffer);
  readonly #ids: string[] = new Array<string>(BATCH).fill('');
  #count = 0;
  #base = 0;

  constructor(sources: SignalSources, ports: SignalPorts) {
    this.#ports = ports;
    this.#sources = sources;
    this.names.use(sources.names ?? NO_NAMES);
    this.#release = this.names.of(SPACE_OF_RELEASE, sources.release);
  }

  /** Where region, app, user and session come from, from now on. */
  use(sources: SignalSources): void {
    this.#sources = sources;
    this.names.use(sources.names ?? NO_NAMES);
    this.#release = this.names.of(SPACE_OF_RELEASE, sources.release);
  }

  /** Signals that wait to be handed over. */
  get waiting(): number {
    return this.#count + this.#away * BATCH;
  }

  /** @param more flags that the exchange does not know of */
  record(exchange: Exchange, more = 0): void {
    const { names } = this;
    const at = exchange.startedAt + exchange.durationMs;
    if (this.#count === 0) this.#base = at;
    const i = this.#count * INTS;
    const r = this.#count * REALS;
    const ints = this.#ints;
    const reals = this.#reals;
    const { ai, headers, consumer } = exchange;
    const sources = this.#sources;

    ints[i + ROUTE] = names.of(ROUTE, this.#places.of(exchange));
    ints[i + TARGET] = names.of(TARGET, targetLabel(exchange, exchange.target));
    ints[i + CONSUMER] = names.of(CONSUMER, consumer);
    ints[i + REGION] = names.of(REGION, textOf(headers[sources.region.header]) || sources.region.default);
    ints[i + APP] = this.#appOf(headers);
    ints[i + REVISION] = exchange.revision & 0xffff;
    ints[i + RELEASE] = this.#release;

    const { context } = exchange;
    const session = hash(context === null ? textOf(headers[sources.session]) : context.session);
    const client = hash(exchange.client);
    ints[i + INT.at] = at - this.#base;
    ints[i + INT.user] = hash(textOf(headers[sources.user]));
    ints[i + INT.session] = session;
    ints[i + INT.client] = client;
    ints[i + INT.status] = effectiveStatus(exchange);
    ints[i + INT.reason] = names.of(SPACE.reason, exchange.reason);
    ints[i + INT.outcome] = names.of(SPACE.outcome, outcomeOf(exchange));
    ints[i + INT.key] = names.of(SPACE.key, exchange.consumerKey);
    const breach = exchange.breaches === null ? undefined : exchange.breaches[0];
    ints[i + INT.breach] = breach === undefined ? 0 : names.of(SPACE.breach, breach.at);
    const { failedAttempts } = exchange;
    if (failedAttempts.length > 0) this.#failed(i, failedAttempts[0] as FailedAttempt, exchange);
    else {
      ints[i + INT.failedTarget] = 0;
      ints[i + INT.failedUpstream] = 0;
      ints[i + INT.failedReason] = 0;
    }
    ints[i + INT.context] = context === null ? 0 : names.of(SPACE.reason, endOf(context));
    ints[i + INT.flags] =
      (ai === null ? 0 : FLAG.isModel) |
      (exchange.fallback === '' ? UNUSED[exchange.unusedFallback] : FLAG.fellBack) |
      (exchange.breaker === 'open' ? FLAG.breakerOpen : 0) |
      (exchange.cache === 'hit' ? FLAG.cacheHit : 0) |
      (exchange.cache === 'stale' ? FLAG.cacheStale : 0) |
      (breach !== undefined && breach.direction === 'response' ? FLAG.breachIsAnswer : 0) |
      (exchange.reason === 'client_cancelled' ? FLAG.clientLeft : 0) |
      (exchange.retries > 0 ? FLAG.retried : 0) |
      more;

    reals[r + REAL.latency] = exchange.mcp?.isWaiting ? -1 : exchange.durationMs;
    reals[r + REAL.cacheAge] = exchange.cacheAgeMs;
    reals[r + REAL.bytesOut] = exchange.bytesOut;
    if (ai === null) {
      ints[i + UPSTREAM] = names.of(UPSTREAM, exchange.upstream);
      ints[i + PROVIDER] = 0;
      ints[i + MODEL] = 0;
      ints[i + VERSION] = names.of(VERSION, exchange.routeVersion);
      ints[i + PROMPT] = 0;
      ints[i + PROMPT_VERSION] = 0;
      ints[i + INT.call] = 0;
      ints[i + INT.language] = 0;
      ints[i + INT.tool] = 0;
      reals[r + REAL.firstToken] = -1;
      reals[r + REAL.tokensIn] = -1;
      reals[r + REAL.tokensOut] = -1;
      reals[r + REAL.usd] = -1;
      reals[r + REAL.confidence] = -1;
    } else {
      // Of a call to a model it is the provider, which has a name of its own here.
      ints[i + UPSTREAM] = 0;
      ints[i + PROVIDER] = names.of(PROVIDER, ai.provider);
      const model = names.of(MODEL, ai.model);
      ints[i + MODEL] = model;
      ints[i + VERSION] = names.of(VERSION, ai.version);
      ints[i + PROMPT] = names.of(PROMPT, ai.prompt);
      ints[i + PROMPT_VERSION] = names.of(PROMPT_VERSION, ai.promptVersion);
      ints[i + INT.call] = mix(
        mix(session === 0 ? client : session, ints[i + CONSUMER] as number),
        mix(exchange.bytesIn ^ ai.digest, model),
      );
      ints[i + INT.language] = names.of(SPACE.language, ai.language);
      ints[i + INT.tool] = names.of(SPACE.tool, ai.tool);
      reals[r + REAL.firstToken] = ai.firstTokenMs;
      reals[r + REAL.tokensIn] = ai.tokensIn;
      reals[r + REAL.tokensOut] = ai.tokensOut;
      reals[r + REAL.usd] = ai.usd;
      reals[r + REAL.confidence] = ai.confidence;
    }

    this.#ids[this.#count] = exchange.id;
    if (++this.#count === BATCH) this.flush();
  }

  #failed(i: number, { target, upstream, reason }: FailedAttempt, exchange: Exchange): void {
    const { names } = this;
    const ints = this.#ints;
    ints[i + INT.failedTarget] = names.of(TARGET, targetLabel(exchange, target));
    ints[i + INT.failedUpstream] = names.of(exchange.ai !== null ? PROVIDER : UPSTREAM, upstream);
    ints[i + INT.failedReason] = names.of(SPACE.reason, reason);
  }

  /** Hands over what was written. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    if (this.#away >= MOST_AWAY) {
      this.#ports.onDropped(count);
      return;
    }
    const ids = this.#ids.slice(0, count).join('\n');
    const sent = this.#ports.send({
      buffer: this.#buffer,
      count,
      base: this.#base,
      ids,
      names: this.names.takeFresh(),
    });
    if (!sent) {
      this.#ports.onDropped(count);
      return;
    }
    this.#away++;
    this.#buffer = this.#free.pop() ?? new ArrayBuffer(BATCH_BYTES);
    this.#ints = intsOf(this.#buffer);
    this.#reals = realsOf(this.#buffer);
  }

  /** A buffer is back: its records have been read. */
  giveBack(buffer: ArrayBuffer): void {
    this.#away = Math.max(0, this.#away - 1);
    if (this.#free.length < 4 && buffer.byteLength === BATCH_BYTES) this.#free.push(buffer);
  }

  /** Who had the buffers has ended. */
  forgetAway(): void {
    this.#away = 0;
  }

  #appOf(headers: Exchange['headers']): number {
    const { app } = this.#sources;
    const said = textOf(headers[app.header]);
    if (said !== '') return this.names.of(APP, said);
    const agent = cutText(textOf(headers['user-agent']), LONGEST_AGENT);
    if (agent === '') return this.names.of(APP, app.default);
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    const product = productOf(agent) || app.default;
    const number = this.names.of(APP, product);
    if (this.#agents.size >= MOST_AGENTS) this.#agents.clear();
    this.#agents.set(agent, number);
    return number;
  }
}

/** Of a `user-agent` (RFC 9110, 10.1.5) the first product, without its version; '' if it names none. */
export const productOf = (agent: string): string =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}/.exec(agent)?.[0] ?? '';

/** What the owner of a conversation wanted is no fault: it was erased, or its time was over. */
const WANTED: ReadonlySet<string> = new Set(['', 'ttl', 'erased']);

function endOf({ cause, status, staleBase }: NonNullable<Exchange['context']>): string {
  if (!WANTED.has(cause)) return cause;
  // Two turns at once: the answer was made without what the other one said.
  if (staleBase) return 'stale_base';
  return status === 'degraded' ? 'degraded' : 'ok';
}

const SPACE_OF_RELEASE = RELEASE;

const textOf = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

/** FNV-1a, 32 bits, over at most 64 characters; 0 for ''. It tells people apart, it is no secret. */
export function hash(text: string): number {
  if (text === '') return 0;
  let h = 0x811c9dc5;
  const length = text.length > 64 ? 64 : text.length;
  for (let at = 0; at < length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h | 0 || 1;
}

const mix = (a: number, b: number): number =>
  Math.imul(a ^ (b + 0x9e3779b9 + (a << 6) + (a >>> 2)), 0x85ebca6b);
