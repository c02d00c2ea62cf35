import type { Pool } from 'undici';
import { isOwnLack } from './failure.ts';
import type { PoolLease } from './pools.ts';
import type { TargetState } from './target-state.ts';

/** How a target is asked whether it is well. Times in milliseconds. */
export interface HealthSettings {
  path: string;
  interval: number;
  timeout: number;
  /** Good answers in a row that make it healthy, bad ones that make it unhealthy. */
  healthy: number;
  unhealthy: number;
  /** Statuses that are good; 200 to 299 if empty. */
  expect: readonly number[];
}

export interface CheckedTarget {
  /** host[:port], as in a Host header. */
  readonly host: string;
  /** The name for TLS, '' where there is none. */
  readonly servername: string;
  readonly state: TargetState;
}

/** Bytes of an answer's body that are read to keep its connection; what is longer is cut off. */
const LARGEST_BODY = 64 * 1024;
/** The share of the interval by which each pause differs, so that many gateways don't ask at the same moment. */
const JITTER = 0.1;

/** The gateway had no socket left for it. */
const UNASKED = Symbol('unasked');

/** Asks one target again and again. A question begins when the one before is over. */
export class HealthCheck {
  readonly #target: CheckedTarget;
  readonly #connections: PoolLease;
  readonly #settings: HealthSettings;
  readonly #random: () => number;
  #timer: NodeJS.Timeout | undefined;
  #asking: AbortController | undefined;
  /** Counts the starts; odd while it runs, so that a question asked before a stop is not heeded after a new start. */
  #run = 0;
  /** Answers in a row that say the same: good above 0, bad below. */
  #row = 0;

  /** @param connections the check's own lease: it may outlive the generation that began it */
  constructor(target: CheckedTarget, connections: PoolLease, settings: HealthSettings, random: () => number) {
    this.#target = target;
    this.#connections = connections;
    this.#settings = settings;
    this.#random = random;
  }

  start(): void {
    if (this.#run % 2 === 1) return;
    this.#run++;
    // Soon, but not all targets at once.
    this.#next(this.#settings.interval * JITTER * this.#random());
  }

  stop(): void {
    if (this.#run % 2 === 1) this.#run++;
    clearTimeout(this.#timer);
    this.#asking?.abort(new Error('the health check has ended'));
  }

  close(): void {
    this.stop();
    this.#connections.release();
  }

  #next(inMs: number): void {
    const run = this.#run;
    this.#timer = setTimeout(() => {
      void this.#ask().then((fault) => {
        if (run !== this.#run) return;
        if (fault !== UNASKED) this.#judge(fault);
        const { interval } = this.#settings;
        this.#next(interval * (1 - JITTER + 2 * JITTER * this.#random()));
      });
    }, inMs);
    this.#timer.unref();
  }

  /** @returns what is wrong with the answer; undefined if it is good, UNASKED if it could not be asked for */
  async #ask(): Promise<string | typeof UNASKED | undefined> {
    const { path, timeout, expect } = this.#settings;
    const { host, servername } = this.#target;
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    const timer = setTimeout(() => asking.abort(new Error(`no answer within ${timeout} ms`)), timeout);
    try {
      const { statusCode, body } = await this.#connections.pool.request({
        path,
        method: 'GET',
        headers: { host, 'user-agent': 'hypercare-gateway health check' },
        signal,
        ...(servername === '' ? {} : { servername }),
      } as Parameters<Pool['request']>[0]);
      await body.dump({ limit: LARGEST_BODY });
      // A body that stalls ends in silence.
      if (signal.reason) throw signal.reason;
      const isGood = expect.length > 0 ? expect.includes(statusCode) : statusCode >= 200 && statusCode < 300;
      return isGood ? undefined : `answered ${statusCode}`;
    } catch (error) {
      if (isOwnLack(error)) return UNASKED;
      return error instanceof Error ? error.message || error.name : String(error);
    } finally {
      clearTimeout(timer);
      this.#asking = undefined;
    }
  }

  #judge(fault: string | undefined): void {
    const { path, healthy, unhealthy } = this.#settings;
    this.#row = fault === undefined ? Math.max(0, this.#row) + 1 : Math.min(0, this.#row) - 1;
    const { state } = this.#target;
    if (this.#row >= healthy)
      state.apply({ kind: 'health', to: 'healthy', reason: `${path} answers well`, by: 'gateway' });
    else if (-this.#row >= unhealthy)
      state.apply({ kind: 'health', to: 'unhealthy', reason: `${path}: ${fault ?? ''}`, by: 'gateway' });
  }
}
