import type { OnStateChange } from '../contracts/state-change.ts';
import { Breaker } from './breaker.ts';
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

  /** @param now milliseconds, monotonic */
  constructor(upstream: string, onChange: OnStateChange, now: () => number) {
    this.breaker = new Breaker(upstream, onChange, now);
    this.retries = new RetryBudget(now);
    this.hedges = new RetryBudget(now);
  }

  close(): void {
    this.breaker.close();
  }
}
