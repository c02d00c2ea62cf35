import type { AnswerCache, PurgeSelection } from '../../contracts/cache.ts';
import type { Documents } from '../../contracts/store.ts';
import { MemoryAnswers } from './memory.ts';
import { SharedAnswers } from './shared.ts';

/** All answers that are kept to be given again, of all routes. They outlive generations. */
export class Answers {
  readonly #memory: MemoryAnswers;
  readonly #shared: SharedAnswers;

  /** @param maxBytes of memory */
  constructor(documents: Documents, maxBytes: number) {
    this.#memory = new MemoryAnswers(maxBytes);
    this.#shared = new SharedAnswers(documents);
  }

  /** @param most answers of the route that are kept in the store; memory has one bound for all routes together */
  ofRoute(route: string, where: 'memory' | 'shared', most: number): AnswerCache {
    return where === 'memory' ? this.#memory.ofRoute(route) : this.#shared.ofRoute(route, most);
  }

  /**
   * @param sharing the routes that keep theirs in the store
   * @returns how many were forgotten; fails with `StoreUnavailable`
   */
  async purge(selection: PurgeSelection, sharing: readonly string[]): Promise<number> {
    const here = this.#memory.purge(selection);
    return here + (await this.#shared.purge(selection, sharing));
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#memory.bytes;
  }
}
