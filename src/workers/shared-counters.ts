import {
  type CounterState,
  type Counters,
  type Limit,
  type LimitState,
  StoreUnavailable,
} from '../contracts/store.ts';
import { checkName, checkStep, checkTake } from '../stores/check.ts';
import type { Step, StepAnswer } from './messages.ts';

interface Queued {
  readonly step: Step;
  resolve(answer: never): void;
  reject(error: Error): void;
}

/** Steps that wait for one turn of the event loop. */
const MOST_QUEUED = 10_000;

/**
 * A worker's counters, which are the primary's: of all workers together exactly as many pass as there is room for. The
 * steps of one turn of the event loop go as one message (docs/decisions: worker processes has the figures).
 */
export class SharedCounters implements Counters {
  readonly #ask: (steps: readonly Step[]) => Promise<readonly StepAnswer[]>;
  #queue: Queued[] = [];

  /** @param ask fails when the primary does not answer in time */
  constructor(ask: (steps: readonly Step[]) => Promise<readonly StepAnswer[]>) {
    this.#ask = ask;
  }

  add(key: string, by: number, windowMs: number): Promise<CounterState> {
    checkStep(key, by, windowMs);
    return this.#push<CounterState>(['add', key, by, windowMs]);
  }

  take(scope: string, limits: readonly Limit[], cost: number): Promise<readonly LimitState[]> {
    checkTake(scope, limits, cost);
    return this.#push<readonly LimitState[]>(['take', scope, limits, cost]);
  }

  reset(key: string): Promise<void> {
    checkName('counter key', key);
    return this.#push<void>(['reset', key]);
  }

  #push<T>(step: Step): Promise<T> {
    if (this.#queue.length >= MOST_QUEUED)
      return Promise.reject(new StoreUnavailable('too many counts wait for the primary'));
    return new Promise<T>((resolve, reject) => {
      if (this.#queue.push({ step, resolve, reject }) === 1) setImmediate(() => void this.#send());
    });
  }

  async #send(): Promise<void> {
    const batch = this.#queue;
    this.#queue = [];
    try {
      const answers = await this.#ask(batch.map(({ step }) => step));
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as never);
    } catch (cause) {
      const error = new StoreUnavailable('the primary does not count', { cause });
      for (const { reject } of batch) reject(error);
    }
  }
}

/** The primary's side of it. */
export function countSteps(counters: Counters, steps: readonly Step[]): Promise<StepAnswer[]> {
  return Promise.all(steps.map((step) => countStep(counters, step)));
}

function countStep(counters: Counters, step: Step): StepAnswer | Promise<StepAnswer> {
  switch (step[0]) {
    case 'add':
      return counters.add(step[1], step[2], step[3]);
    case 'take':
      return counters.take(step[1], step[2], step[3]);
    case 'reset':
      return counters.reset(step[1]) as undefined;
  }
}
