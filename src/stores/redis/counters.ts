import type { CounterState, Counters } from '../../contracts/store.ts';
import { checkName, checkStep } from '../check.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

/** Counters that every replica shares, one key each. The windows run on Redis' clock. */
export class RedisCounters implements Counters {
  readonly #client: RedisClient;
  readonly #calls: Calls;

  constructor(client: RedisClient, calls: Calls) {
    this.#client = client;
    this.#calls = calls;
  }

  async add(key: string, by: number, windowMs: number): Promise<CounterState> {
    checkStep(key, by, windowMs);
    const [value, resetMs] = await this.#calls.make(() =>
      this.#client.hypercareAdd(counterKey(key), by, windowMs),
    );
    return { value, resetMs };
  }

  async reset(key: string): Promise<void> {
    checkName('counter key', key);
    await this.#calls.make(() => this.#client.del(counterKey(key)));
  }
}

function counterKey(key: string): string {
  return `hypercare:c:{${key}}`;
}
