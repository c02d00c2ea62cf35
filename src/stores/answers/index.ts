import { setTimeout } from 'node:timers/promises';
import type { AddressChange, AnswerCache, PurgeSelection } from '../../contracts/cache.ts';
import type { Documents } from '../../contracts/store.ts';
import { MemoryAnswers } from './memory.ts';
import { SharedAnswers } from './shared.ts';

/** The clock has moved on by a whole millisecond then. */
const CLOCK_STEP_MS = 2;

/** All answers that are kept to be given again, of all routes. They outlive generations. */
export class Answers {
  readonly #memory: MemoryAnswers;
  readonly #shared: SharedAnswers;
  readonly #now: () => number;
  readonly #tellOthers: ((change: AddressChange) => Promise<void>) | undefined;

  /**
   * @param maxBytes of memory
   * @param now wall clock, milliseconds
   * @param tellOthers processes beside this one, of what became wrong in the memory of each; absent: there are none
   */
  constructor(
    documents: Documents,
    maxBytes: number,
    now: () => number,
    tellOthers?: (change: AddressChange) => Promise<void>,
  ) {
    this.#tellOthers = tellOthers;
    this.#now = now;
    this.#memory = new MemoryAnswers(maxBytes);
    this.#shared = new SharedAnswers(documents);
  }

  /** @param most answers of the route that are kept in the store; memory has one bound for all routes together */
  ofRoute(route: string, where: 'memory' | 'shared', most: number): AnswerCache {
    if (where === 'shared') return this.#shared.ofRoute(route, most);
    const kept = this.#memory.ofRoute(route);
    const tellOthers = this.#tellOthers;
    if (!tellOthers) return kept;
    return {
      ...kept,
      async changed(key, ttlMs) {
        await kept.changed(key, ttlMs);
        // Who is told that a change succeeded finds it in every process.
        await tellOthers({ route, key, ttlMs });
      },
    };
  }

  /** Another process has learnt that what is kept in memory, here too, is wrong. */
  outdate({ route, key, ttlMs }: AddressChange): void {
    void this.#memory.ofRoute(route).changed(key, ttlMs);
  }

  /**
   * What was asked for before it and comes after it is not kept either.
   *
   * @param sharing the routes that keep theirs in the store
   * @returns how many were forgotten; fails with `StoreUnavailable`
   */
  async purge(selection: PurgeSelection, sharing: readonly string[]): Promise<number> {
    const at = this.#now();
    const here = this.#memory.purge(selection, at);
    const there = await this.#shared.purge(selection, sharing, at);
    // Who asks once this is answered asks later by the clock, too, and gets what is kept again.
    await setTimeout(CLOCK_STEP_MS);
    return here + there;
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#memory.bytes;
  }
}
