import { LRUCache } from 'lru-cache';
import type { CachedAnswer } from '../../src/contracts/cache.ts';
import type { GatewayError } from '../../src/errors/gateway-error.ts';

/** How long what turned out to be nobody else's is fetched by everybody at once, and of how many answers that is known. */
const PRIVATE_MS = 60_000;
const MOST_PRIVATE = 10_000;

/** How a fetch that others waited for has ended. */
export type Landing =
  /** What it brought is kept, or is nobody else's: who waits looks again, and goes by itself if there is nothing. */
  | 'over'
  /** Its client has left before the end: one of those who wait takes its place. */
  | 'left'
  /** It takes longer than who waits would. */
  | 'late'
  /** Who goes now would only fail the same way, later. */
  | { readonly failure: GatewayError }
  /** An answer that is not kept, for those who waited: a failing upstream is not asked by all of them at once. */
  | Shared;

export interface Shared {
  readonly answer: Pick<CachedAnswer, 'status' | 'headers' | 'body'>;
  /** The key of the variant that it is: those that wait may have waited for another. */
  readonly variant: string;
}

interface Flight {
  readonly landing: Promise<Landing>;
  isAwaited: boolean;
}

/**
 * Fetches that are under way, by what they fetch: of many requests for the same answer one goes upstream, the others
 * wait for what it brings, and look again.
 */
export class Flights {
  readonly #flights = new Map<string, Flight>();
  readonly #private = new LRUCache<string, true>({ max: MOST_PRIVATE, ttl: PRIVATE_MS });

  /**
   * Waits for the fetch of a key.
   *
   * @param patienceMs for so long
   * @returns undefined, at once: there is none that is worth waiting for. Who begins one then has no other beside it
   */
  join(key: string, patienceMs: number): Promise<Landing> | undefined {
    const flight = this.#flights.get(key);
    if (!flight || patienceMs <= 0 || this.#private.has(key)) return undefined;
    flight.isAwaited = true;
    return inTime(flight.landing, patienceMs);
  }

  /** What an answer shows: whether others can have those to come. What can't be shared is not worth waiting for. */
  learn(key: string, isShared: boolean): void {
    if (isShared) this.#private.delete(key);
    else this.#private.set(key, true);
  }

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Whether others have come to wait for it. */
  isAwaited(key: string): boolean {
    return this.#flights.get(key)?.isAwaited === true;
  }

  /** Begins a fetch. @returns what ends it; what it is told first holds */
  begin(key: string): (landing: Landing) => void {
    const { promise, resolve } = Promise.withResolvers<Landing>();
    const flight = { landing: promise, isAwaited: false };
    this.#flights.set(key, flight);
    return (landing) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      resolve(landing);
    };
  }
}

async function inTime(landing: Promise<Landing>, patienceMs: number): Promise<Landing> {
  const { promise, resolve } = Promise.withResolvers<Landing>();
  const timer = setTimeout(resolve, patienceMs, 'late');
  try {
    return await Promise.race([landing, promise]);
  } finally {
    clearTimeout(timer);
  }
}
