import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Documents,
  type PutOptions,
  type PutResult,
  type StoredDocument,
  StoreUnavailable,
} from '../contracts/store.ts';

/** So long after a store has gone it is waited for: a restart takes less. Of one that stays away everybody hears at once. */
const PATIENCE_MS = 5000;
const LOOK_MS = 50;

interface Clock {
  /** Milliseconds. */
  monotonic(): number;
  wait?(ms: number): Promise<unknown>;
}

/**
 * The store's documents, for what can't be answered without them. A store that has just gone is asked again until it is back,
 * so that its restart costs a client some time and not its session. What is written may be written twice: only for writes
 * that bear it.
 */
export class PatientDocuments implements Documents {
  readonly #documents: Documents;
  readonly #clock: Clock;
  /** When it was last not there, and since when. */
  #awayAt = Number.NEGATIVE_INFINITY;
  #awaySince = Number.NEGATIVE_INFINITY;

  constructor(documents: Documents, clock: Clock) {
    this.#documents = documents;
    this.#clock = clock;
  }

  /** @throws StoreUnavailable, as all of them: it stays away */
  get<T>(collection: string, id: string): Promise<StoredDocument<T> | undefined> {
    return this.#patiently(() => this.#documents.get<T>(collection, id));
  }

  put<T>(collection: string, id: string, value: T, options?: PutOptions): Promise<PutResult> {
    return this.#patiently(() => this.#documents.put(collection, id, value, options));
  }

  delete(collection: string, id: string, options?: { ifVersion?: number }): Promise<boolean> {
    return this.#patiently(() => this.#documents.delete(collection, id, options));
  }

  list<T>(collection: string, options?: { after?: string; limit?: number }): Promise<StoredDocument<T>[]> {
    return this.#patiently(() => this.#documents.list<T>(collection, options));
  }

  versions(
    collection: string,
    options?: { after?: string; limit?: number },
  ): Promise<Pick<StoredDocument, 'id' | 'version'>[]> {
    return this.#patiently(() => this.#documents.versions(collection, options));
  }

  stamp(collection: string): Promise<string> {
    return this.#patiently(() => this.#documents.stamp(collection));
  }

  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { monotonic, wait = (ms: number) => sleep(ms, undefined, { ref: false }) } = this.#clock;
    for (;;) {
      try {
        const done = await work();
        this.#awayAt = Number.NEGATIVE_INFINITY;
        return done;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        const now = monotonic();
        // Nobody has asked for so long: whether it was back meanwhile is not known.
        if (now - this.#awayAt > PATIENCE_MS) this.#awaySince = now;
        this.#awayAt = now;
        if (now - this.#awaySince >= PATIENCE_MS) throw error;
        await wait(LOOK_MS);
      }
    }
  }
}
