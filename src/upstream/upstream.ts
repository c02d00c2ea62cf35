import type { Exchange } from '../contracts/exchange.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Lease } from '../lib/leases.ts';
import type { TargetChange } from './agreement.ts';
import { type Availability, availability } from './availability.ts';
import { byLatency, byRequests, Drawn } from './balance/drawn.ts';
import { type Asker, type HashBy, hashKeyOf } from './balance/hash-key.ts';
import { Hashed } from './balance/hashed.ts';
import type { Member, Picker } from './balance/picker.ts';
import { RoundRobin } from './balance/round-robin.ts';
import type { Breaker, BreakerPass, BreakerSettings } from './breaker.ts';
import type { Fleet } from './fleet.ts';
import type { HealthSettings } from './health-check.ts';
import { Outlier, type OutlierSettings } from './outlier.ts';
import type { PoolOptions } from './pools.ts';
import type { HedgeSettings, Resilience, RetrySettings } from './resilience.ts';
import { Target, type TargetOptions } from './target.ts';
import type { Standing, TargetState } from './target-state.ts';
import type { TargetTls } from './target-tls.ts';

export type Balance = 'round-robin' | 'random' | 'least-requests' | 'ewma' | 'hash';

/** As in the config; what is absent is not done. Times in milliseconds, shares of 1. */
export interface UpstreamOptions {
  name: string;
  targets: readonly TargetOptions[];
  /** Which Host header the target sees. */
  host: 'client' | 'target';
  timeouts: { connect: number; response: number; idle: number };
  balance?: Balance;
  hash?: HashBy;
  slowStart?: number;
  panic?: number;
  dns?: { refresh: number };
  health?: HealthSettings;
  outlier?: OutlierSettings;
  protocol?: 'http1' | 'http2';
  tls?: TargetTls;
  breaker?: BreakerSettings;
  retry?: RetrySettings;
  hedge?: HedgeSettings;
  /** Names its breaker and budgets where `name` is not its own: a provider has an upstream a deployment. */
  identity?: string;
}

/** A target and how it is, for people. */
export interface TargetReport {
  url: string;
  weight: number;
  labels: Readonly<Record<string, string>>;
  state: Standing;
  /** Wall clock, milliseconds, and why: of the last change of its state. */
  since: number;
  reason: string;
  inFlight: number;
  /** Milliseconds; 0 = not known. */
  ewmaMs: number;
  ejections: number;
}

/**
 * Of an upstream that says nothing about retries and has other targets: a connection that did not come about is tried
 * at another one. Nothing has been sent then, so that it is safe for every request and adds no load; one target whose
 * name or port is wrong would otherwise fail its whole share of the requests.
 */
const MOST_CONNECTS = 3;
const connectElsewhere = (targets: number): RetrySettings | undefined =>
  targets < 2
    ? undefined
    : { attempts: Math.min(targets, MOST_CONNECTS), on: ['connect'], budget: 1, maxWait: 0 };

const DNS_REFRESH_MS = 30_000;

/** What of a request is asked and told when an attempt is made for it. */
type Entering = Pick<Exchange, 'upstream' | 'target' | 'breaker' | 'attempts'> & Asker;

/** A request that was let through may try again, unless the breaker has opened meanwhile. */
const stillHeld = (held: BreakerPass, { state }: Breaker): BreakerPass | undefined =>
  held.isProbe || state === 'closed' ? held : undefined;

/**
 * A named set of targets and the way to choose among them. Made once a generation; it decides about what outlives that
 * once it `serve`s.
 */
export class Upstream {
  readonly name: string;
  readonly balance: Balance;
  readonly host: 'client' | 'target';
  readonly timeouts: UpstreamOptions['timeouts'];
  readonly targets: readonly Target[];
  readonly retry: RetrySettings | undefined;
  readonly hedge: HedgeSettings | undefined;
  readonly resilience: Resilience;
  /** Told when panic mode begins or ends. */
  onPanic: () => void = () => undefined;
  readonly #options: UpstreamOptions;
  readonly #fleet: Fleet;
  /** Each lets go of something. */
  readonly #ends: (() => void)[] = [];
  /** Each begins a check. */
  readonly #checks: (() => () => void)[] = [];
  #judge: Outlier | undefined;
  #picker: Picker<Target>;
  #members: readonly Member<Target>[] = [];
  #isPanic = false;
  #growing: NodeJS.Timeout | undefined;

  constructor(options: UpstreamOptions, fleet: Fleet) {
    this.name = options.name;
    this.balance = options.balance ?? 'round-robin';
    this.host = options.host;
    this.timeouts = options.timeouts;
    this.#options = options;
    this.#fleet = fleet;
    this.retry = options.retry ?? connectElsewhere(options.targets.length);
    this.hedge = options.hedge;
    this.resilience = this.#openResilience();
    this.targets = this.#openTargets();
    this.#picker = this.#refresh();
    for (const { state } of this.targets) this.#ends.push(state.listen(() => this.#refresh()));
  }

  /**
   * The target for an attempt. Targets that were tried already are avoided as long as there are others.
   * @throws a GatewayError if an operator has taken out all of them, or panic mode is off and none is healthy
   */
  pick(avoid?: ReadonlySet<Target>, asker?: Asker): Target {
    const target = this.#picker.pick(avoid, asker) ?? (avoid && this.#picker.pick(undefined, asker));
    if (target === undefined) throw new GatewayError('upstream_unavailable');
    return target;
  }

  get isHttp2(): boolean {
    return this.#options.protocol === 'http2';
  }

  /** Whether there is one to pick beside those that were tried. */
  hasOther(tried: ReadonlySet<Target>): boolean {
    return this.#members.some(({ target }) => !tried.has(target));
  }

  /**
   * Leave to make an attempt, and the target for it; the exchange names it.
   * @param held the leave that an earlier attempt at the same request had
   * @throws a GatewayError: the breaker is open, or as `pick`
   */
  enter(
    exchange: Entering,
    avoid?: ReadonlySet<Target>,
    held?: BreakerPass,
  ): { target: Target; pass: BreakerPass } {
    const { breaker } = this.resilience;
    const pass = held === undefined ? breaker.admit() : stillHeld(held, breaker);
    if (!pass) {
      exchange.upstream = this.name;
      exchange.breaker = 'open';
      const seconds = Math.max(1, Math.ceil(breaker.retryAfterMs / 1000));
      throw new GatewayError('breaker_open', { headers: { 'retry-after': String(seconds) } });
    }
    let target: Target;
    try {
      target = this.pick(avoid, exchange);
    } catch (error) {
      if (held === undefined) pass.end(undefined);
      throw error;
    }
    if (pass.isProbe) exchange.breaker = 'half-open';
    exchange.attempts++;
    exchange.upstream = this.name;
    exchange.target = target.url;
    return { target, pass };
  }

  get isPanic(): boolean {
    return this.#isPanic;
  }

  /** Applies a change to one of its targets. False: it has none with this URL. */
  change(url: string, change: TargetChange): boolean {
    const target = this.targets.find((each) => each.url === url);
    target?.state.apply(change);
    return target !== undefined;
  }

  /** Its targets as they are now. */
  report(): TargetReport[] {
    const now = this.#fleet.now();
    return this.targets.map(({ url, weight, labels, state }) => {
      const { standing, since, reason, inFlight, ejections } = state;
      return {
        url,
        weight,
        labels,
        state: standing,
        since,
        reason,
        inFlight,
        ewmaMs: state.latency(now),
        ejections,
      };
    });
  }

  /**
   * Its generation serves, and not only one that is tried out: from now on the breaker goes by its settings, and its
   * targets are asked how they are as it says. May be called again.
   */
  serve(): void {
    const judge = this.#judge;
    this.resilience.breaker.configure(this.#options.breaker);
    for (const { state } of this.targets) state.hasRoom = judge && (() => judge.hasRoom);
    // They end last: that nobody checks a target any more is told of one that goes on, and of none that ends as well.
    for (const begin of this.#checks.splice(0)) this.#ends.unshift(begin());
  }

  dispose(): void {
    // Backwards, so that it is not told any more of what letting go changes.
    for (const end of this.#ends.toReversed()) end();
    clearTimeout(this.#growing);
  }

  #openResilience(): Resilience {
    const { name, identity = name } = this.#options;
    const { value, release } = this.#fleet.resilience(identity);
    this.#ends.push(release);
    return value;
  }

  #openTargets(): Target[] {
    const { name, targets, timeouts, dns, health, outlier, protocol, tls } = this.#options;
    const fleet = this.#fleet;
    const states = targets.map(({ url }) => fleet.state(name, url));
    const all = states.map(({ value }) => value);
    const judge = outlier && new Outlier(outlier, all, fleet.now);
    this.#judge = judge;
    return targets.map((options, i) => {
      const state = states[i] as Lease<TargetState>;
      const connections: PoolOptions = {
        origin: new URL(options.url).origin,
        connectTimeoutMs: timeouts.connect,
        dnsRefreshMs: dns?.refresh ?? DNS_REFRESH_MS,
        protocol,
        tls,
      };
      const pool = fleet.pools.lease(connections);
      const target = new Target({ ...options, serverName: tls?.serverName }, state.value, pool, (failed) =>
        judge?.judge(failed),
      );
      if (health) this.#checks.push(() => fleet.checks.lease(target, connections, health));
      this.#ends.push(pool.release, state.release);
      return target;
    });
  }

  /** Looks at the targets again: one of them has changed, or one's weight has grown. */
  #refresh(): Picker<Target> {
    const { panic = 0.5, slowStart = 0 } = this.#options;
    const now = availability(this.targets, { panic, slowStart }, this.#fleet.now());
    this.#members = now.members;
    this.#picker = this.#pickerOf(now.members);
    this.#growLater(now);
    if (now.isPanic !== this.#isPanic) {
      this.#isPanic = now.isPanic;
      this.onPanic();
    }
    return this.#picker;
  }

  #growLater({ growsInMs }: Availability<Target>): void {
    clearTimeout(this.#growing);
    if (growsInMs === undefined) return;
    // Timers may be a millisecond early.
    this.#growing = setTimeout(() => this.#refresh(), growsInMs + 1);
    this.#growing.unref();
  }

  #pickerOf(members: readonly Member<Target>[]): Picker<Target> {
    const { random, now } = this.#fleet;
    switch (this.balance) {
      case 'round-robin':
        return new RoundRobin(members, this.#fleet.cursor(this.name));
      case 'random':
        return new Drawn(members, random);
      case 'least-requests':
        return new Drawn(members, random, byRequests);
      case 'ewma':
        return new Drawn(members, random, byLatency(now));
      case 'hash':
        return new Hashed(members, hashKeyOf(this.#options.hash ?? { by: 'address', name: '' }));
    }
  }
}
