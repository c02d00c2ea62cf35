import type { Priority } from '../config/schema/routes.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Leases } from '../lib/leases.ts';
import { type Share, shareOf } from '../lib/share.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { Pressure } from './pressure.ts';

/**
 * From where on requests of a priority are shed: the share of `maxInFlight` that may run, how many times
 * `maxEventLoopDelay` the delay may be, and `maxRss` and `maxHeap` the memory. Those of least value go first, and come
 * back last (seconds of Retry-After).
 */
const LEVELS: Readonly<
  Record<Priority, { inFlight: number; delay: number; memory: number; retryAfter: number }>
> = {
  critical: { inFlight: 1, delay: 8, memory: 1.2, retryAfter: 1 },
  high: { inFlight: 0.9, delay: 4, memory: 1.1, retryAfter: 2 },
  normal: { inFlight: 0.75, delay: 2, memory: 1.05, retryAfter: 5 },
  low: { inFlight: 0.5, delay: 1, memory: 1, retryAfter: 10 },
};

/** Made once for all routes: a stack trace for each is what neither a reload of a thousand nor an overloaded process has time for. */
const overloadedOf = (priority: Priority): GatewayError =>
  new GatewayError('overloaded', { headers: { 'retry-after': String(LEVELS[priority].retryAfter) } });
const OVERLOADED: Readonly<Record<Priority, GatewayError>> = {
  critical: overloadedOf('critical'),
  high: overloadedOf('high'),
  normal: overloadedOf('normal'),
  low: overloadedOf('low'),
};
const LIMITED = new GatewayError('concurrency_limited', { headers: { 'retry-after': '1' } });

/** How many requests of a route run. Counted by name, so that a reload starts no second count. */
export interface Running {
  count: number;
}

export interface GateSettings {
  name: string;
  priority: Priority;
  concurrency?: { max: number };
}

export interface GatePorts {
  pressure: Pressure;
  running: Leases<Running>;
  /** Without a limit on memory it is not looked at. */
  shed: { maxEventLoopDelay: number; maxInFlight: number; maxRss?: number; maxHeap?: number };
  /** Those that share the traffic: each lets in its part of what may run at once. */
  share: Share;
}

/** The first that a route asks of a request: whether there is room for it. Four comparisons where nothing is wrong. */
export class RouteGate {
  readonly #pressure: Pressure;
  readonly #priority: Priority;
  readonly #maxInFlight: number;
  readonly #maxDelayMs: number;
  readonly #maxRss: number;
  readonly #maxHeap: number;
  readonly #max: number;
  readonly #running: Running | undefined;
  /** Lets go of the count. */
  readonly dispose: () => void;

  constructor({ name, priority, concurrency }: GateSettings, { pressure, running, shed, share }: GatePorts) {
    const { inFlight, delay, memory } = LEVELS[priority];
    const { maxRss = Number.POSITIVE_INFINITY, maxHeap = Number.POSITIVE_INFINITY } = shed;
    const lease = concurrency && running.lease(name, () => ({ count: 0 }));
    this.#pressure = pressure;
    this.#priority = priority;
    this.#maxInFlight = shareOf(Math.floor(shed.maxInFlight * inFlight), share);
    this.#maxDelayMs = shed.maxEventLoopDelay * delay;
    this.#maxRss = maxRss * memory;
    this.#maxHeap = maxHeap * memory;
    this.#max = concurrency ? shareOf(concurrency.max, share) : Number.POSITIVE_INFINITY;
    this.#running = lease?.value;
    this.dispose = () => lease?.release();
  }

  #why(): string {
    const { inFlight, delayMs, rss } = this.#pressure;
    if (inFlight > this.#maxInFlight) return 'requests in flight';
    if (delayMs > this.#maxDelayMs) return 'event loop delay';
    return rss > this.#maxRss ? 'resident memory' : 'heap';
  }

  /** Why there is no room; undefined if there is, and it is taken until the exchange ends. */
  enter(exchange: LiveExchange): GatewayError | undefined {
    const pressure = this.#pressure;
    // The request itself is among those in flight.
    if (
      pressure.inFlight > this.#maxInFlight ||
      pressure.delayMs > this.#maxDelayMs ||
      pressure.rss > this.#maxRss ||
      pressure.heapUsed > this.#maxHeap
    ) {
      exchange.priority = this.#priority;
      exchange.detail = this.#why();
      pressure.noteShed(this.#priority);
      pressure.leaveOut(exchange);
      return OVERLOADED[this.#priority];
    }
    const running = this.#running;
    if (running === undefined) return undefined;
    if (running.count >= this.#max) {
      exchange.priority = this.#priority;
      return LIMITED;
    }
    running.count++;
    exchange.atEnd(() => {
      running.count--;
    });
    return undefined;
  }
}
