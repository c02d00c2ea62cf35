import { LRUCache } from 'lru-cache';
import type { AnswerCache, CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';
import { isSelected } from './selection.ts';

interface Kept {
  readonly route: string;
  readonly answer: CachedAnswer;
}

/** What an entry costs beside its body: keys, headers, the list it hangs in. */
const OVERHEAD_BYTES = 1024;

/** Answers in this process's memory, of all routes together within one bound; what was not used longest goes first. */
export class MemoryAnswers {
  readonly #kept: LRUCache<string, Kept>;

  /** @param maxBytes of bodies and what holds them */
  constructor(maxBytes: number) {
    this.#kept = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ answer }) => answer.body.length + OVERHEAD_BYTES,
    });
  }

  /** Bytes in use, as counted above. */
  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  ofRoute(route: string): AnswerCache {
    const at = (key: string): string => `${route} ${key}`;
    return {
      get: (key) => this.#kept.get(at(key))?.answer,
      put: (key, answer, ttlMs) => {
        this.#kept.set(at(key), { route, answer }, { ttl: Math.max(1, Math.ceil(ttlMs)) });
      },
      delete: (key) => {
        this.#kept.delete(at(key));
      },
    };
  }

  /** @returns how many were forgotten */
  purge(selection: PurgeSelection): number {
    let purged = 0;
    for (const [key, { route, answer }] of this.#kept.entries()) {
      if (isSelected(selection, route, answer) && this.#kept.delete(key)) purged++;
    }
    return purged;
  }
}
