import type { CounterState, Counters, Limit, LimitState } from '../../contracts/store.ts';
import { checkName, checkStep, checkTake } from '../check.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

/** Counters and limits that every replica shares, one key each. The windows run on Redis' clock. */
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

  async take(scope: string, limits: readonly Limit[], cost: number): Promise<LimitState[]> {
    checkTake(scope, limits, cost);
    const keys = limits.map(({ key }) => limitKey(scope, key));
    const steps = limits.flatMap(({ algorithm, limit, windowMs, burst }) => [
      algorithm,
      limit,
      windowMs,
      burst,
    ]);
    const flat = await this.#calls.make(() =>
      this.#client.hypercareTake(keys.length, ...keys, cost, ...steps),
    );
    return limits.map((_, i) => ({
      remaining: flat[3 * i] as number,
      resetMs: flat[3 * i + 1] as number,
      waitMs: flat[3 * i + 2] as number,
    }));
  }

  async reset(key: string): Promise<void> {
    checkName('counter key', key);
    await this.#calls.make(() => this.#client.del(counterKey(key)));
  }
}

function counterKey(key: string): string {
  return `hypercare:c:{${key}}`;
}

/**
 * The scope is the hash tag, so that the limits of one step lie on one node of a Cluster. A tag must not be empty and ends
 * at the first brace, which only says where they lie; its length says where the scope ends.
 */
function limitKey(scope: string, key: string): string {
  return `hypercare:{l${scope.length}:${scope}}${key}`;
}
