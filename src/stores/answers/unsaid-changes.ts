import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Documents, StoreUnavailable } from '../../contracts/store.ts';

interface Change {
  readonly collection: string;
  /** The change's place in it. */
  readonly id: string;
  readonly mark: string;
  readonly ttlMs: number;
}

/** Some 200 bytes each. */
const MOST = 10_000;
/** Told at once: who asks meanwhile waits for two round trips, however many there are. */
const AT_ONCE = 64;

/**
 * Changes that the store could not be told of: what it kept of their addresses before it went away is wrong when it comes
 * back. This process goes by them at once, others once the store knows.
 */
export class UnsaidChanges {
  readonly #documents: Documents;
  readonly #changes = new LRUCache<string, Change>({ max: MOST });
  #saying: Promise<void> | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  add(change: Change): void {
    this.#changes.set(keyOf(change.collection, change.id), change);
  }

  /** That of a place's last one; undefined: there is none that the store does not know. */
  mark(collection: string, id: string): string | undefined {
    return this.#changes.get(keyOf(collection, id))?.mark;
  }

  /** Tells the store, which answers again, of the next of them. What it does not take now is told the next time. */
  async say(): Promise<void> {
    if (this.#changes.size === 0) return;
    this.#saying ??= this.#sayNext().finally(() => {
      this.#saying = undefined;
    });
    await this.#saying;
  }

  async #sayNext(): Promise<void> {
    const next = this.#changes.entries().take(AT_ONCE);
    await Promise.all(
      next.map(async ([key, change]) => {
        try {
          if ((await this.#isKnown(change)) && this.#changes.get(key) === change) this.#changes.delete(key);
        } catch (error) {
          if (!(error instanceof StoreUnavailable)) throw error;
        }
      }),
    );
  }

  /** Whether the store knows of it now. */
  async #isKnown({ collection, id, mark, ttlMs }: Change): Promise<boolean> {
    const found = await this.#documents.get<string>(collection, id);
    if (found?.value === mark) return true;
    // A new one: that of the change may have been there, and another since, and what was kept under it is wrong.
    const put = await this.#documents.put(collection, id, randomUUID(), {
      ifVersion: found?.version ?? 0,
      ttlMs,
    });
    return put.ok;
  }
}

const keyOf = (collection: string, id: string): string => `${collection} ${id}`;
