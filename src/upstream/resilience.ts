import { Breaker, type BreakerPorts } from './breaker.ts';
import { RetryBudget } from './retry-budget.ts';

/** What on a failure is worth another attempt: a kind of failure, or a status. */
export type RetryReason = 'connect' | 'reset' | 'timeout' | number;

/** As in the config. Times in milliseconds, shares of 1. */
export interface RetrySettings {
  /** In all, the first included. */
  attempts: number;
  on: readonly RetryReason[];
  budget: number;
  /** The longest that a Retry-After is waited for; a longer one is passed on. */
  maxWait: number;
}

export interface HedgeSettings {
  /** Without a head after this time a second attempt is made beside the first. */
  after: number;
  budget: number;
}

/** What the process knows of an upstream as a whole: it outlives generations. */
export class Resilience {
  readonly breaker: Breaker;
  readonly retries: RetryBudget;
  readonly hedges: RetryBudget;

  constructor(upstream: string, ports: BreakerPorts) {
    this.breaker = new Breaker(upstream, ports);
    this.retries = new RetryBudget(() => ports.now());
    this.hedges = new RetryBudget(() => ports.now());
  }

  close(): void {
    this.breaker.close();
  }
}
