import { LRUCache } from 'lru-cache';

/** A client in a hurry should not wait for one that reads slowly. */
const LONGEST_WAIT_MS = 5_000;

/** How long what turned out to be nobody else's is fetched by everybody at once, and of how many answers that is known. */
const PRIVATE_MS = 60_000;
const MOST_PRIVATE = 10_000;

/**
 * Fetches that are under way, by what they fetch: of many requests for the same answer one goes upstream, the others
 * wait for what it brings, and look again.
 */
export class Flights {
  readonly #flights = new Map<string, Promise<unknown>>();
  readonly #private = new LRUCache<string, true>({ max: MOST_PRIVATE, ttl: PRIVATE_MS });

  /**
   * Waits for the fetch of a key, if there is one.
   * @returns whether there was
   * @throws what the fetch failed with: who waited for it would only fail the same way, later
   */
  async join(key: string): Promise<boolean> {
    const flight = this.#flights.get(key);
    if (!flight || this.#private.has(key)) return false;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LONGEST_WAIT_MS);
    });
    const failure = await Promise.race([flight, patience]);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
    return true;
  }

  /** What an answer shows: whether others can have those to come. What can't be shared is not worth waiting for. */
  learn(key: string, isShared: boolean): void {
    if (isShared) this.#private.delete(key);
    else this.#private.set(key, true);
  }

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Begins a fetch. @returns what ends it, however it ended; with a failure if all who wait share it */
  begin(key: string): (failure?: Error) => void {
    let land = (_failure?: Error): void => undefined;
    const flight = new Promise<unknown>((resolve) => {
      land = resolve;
    });
    this.#flights.set(key, flight);
    return (failure) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      land(failure);
    };
  }
}
