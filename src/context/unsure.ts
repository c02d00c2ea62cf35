import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { StoreUnavailable } from '../contracts/store.ts';

/**
 * How many are remembered, and for how long: milliseconds. Clients that try again do so within seconds; who says the same later means
 * it twice.
 */
const MOST = 1000;
const KEPT_MS = 60_000;

/**
 * What was to be written, and may have been: the store did not say. Who sends the same once more is given the id that it had, by
 * which the store knows what has arrived. Clients try again without saying so: OpenAI's SDKs, after a 503, twice.
 */
export class Unsure {
  readonly #ids: LRUCache<string, string>;

  /** @param now milliseconds, from any beginning above 0 */
  constructor(now: () => number = () => performance.now()) {
    this.#ids = new LRUCache({ max: MOST, ttl: KEPT_MS, ttlResolution: 0, perf: { now } });
  }

  /**
   * @param what JSON that is the same for the same
   * @param fresh an id for what was never sent, or has arrived
   * @param work under an id by which it may have been done before
   * @throws what `work` throws
   */
  async once<T>(what: unknown, fresh: () => string, work: (id: string) => Promise<T>): Promise<T> {
    const key = hash('sha256', JSON.stringify(what));
    const before = this.#ids.get(key);
    const id = before ?? fresh();
    // Who says it again while it is being written says it twice.
    this.#ids.delete(key);
    try {
      return await work(id);
    } catch (error) {
      if (before !== undefined || error instanceof StoreUnavailable) this.#ids.set(key, id);
      throw error;
    }
  }
}
