import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DeleteOptions,
  type Documents,
  type EventLogs,
  type LoggedText,
  type PutOptions,
  type PutResult,
  type StoredDocument,
  StoreUnavailable,
  type Written,
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
 * Waits for a store that has just gone: it is asked again until it is back, so that its restart costs a client some time and
 * not its session. What is written may be written twice: only for writes that bear it.
 */
export class Patience {
  readonly #clock: Clock;
  /** When it was last not there, and since when. */
  #awayAt = Number.NEGATIVE_INFINITY;
  #awaySince = Number.NEGATIVE_INFINITY;
  #backAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the store has come back within so many milliseconds: what others write now and then may be missing still. */
  isBackSince(ms: number): boolean {
    return this.#clock.monotonic() - this.#backAt < ms;
  }

  /** @throws StoreUnavailable: it stays away; whatever the work throws */
  async try<T>(work: () => Promise<T>): Promise<T> {
    const { monotonic, wait = (ms: number) => sleep(ms, undefined, { ref: false }) } = this.#clock;
    for (;;) {
      try {
        const done = await work();
        if (this.#awayAt !== Number.NEGATIVE_INFINITY) this.#backAt = monotonic();
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

/** The store's documents, for what can't be answered without them. */
export class PatientDocuments implements Documents {
  readonly #documents: Documents;
  readonly #patience: Patience;

  constructor(documents: Documents, patience: Patience) {
    this.#documents = documents;
    this.#patience = patience;
  }

  /** @throws StoreUnavailable, as all of them: it stays away */
  get<T>(collection: string, id: string): Promise<StoredDocument<T> | undefined> {
    return this.#patience.try(() => this.#documents.get<T>(collection, id));
  }

  put<T>(collection: string, id: string, value: T, options?: PutOptions): Promise<PutResult> {
    return this.#patience.try(() => this.#documents.put(collection, id, value, options));
  }

  delete(collection: string, id: string, options?: DeleteOptions): Promise<boolean> {
    return this.#patience.try(() => this.#documents.delete(collection, id, options));
  }

  list<T>(collection: string, options?: { after?: string; limit?: number }): Promise<StoredDocument<T>[]> {
    return this.#patience.try(() => this.#documents.list<T>(collection, options));
  }

  versions(
    collection: string,
    options?: { after?: string; limit?: number },
  ): Promise<Pick<StoredDocument, 'id' | 'version'>[]> {
    return this.#patience.try(() => this.#documents.versions(collection, options));
  }

  written(collection: string, since?: string): Promise<Written> {
    return this.#patience.try(() => this.#documents.written(collection, since));
  }
}

/** The store's event logs, likewise: what is appended may stand there twice. */
export class PatientLogs implements EventLogs {
  readonly #logs: EventLogs;
  readonly #patience: Patience;

  constructor(logs: EventLogs, patience: Patience) {
    this.#logs = logs;
    this.#patience = patience;
  }

  /** @throws StoreUnavailable, as all of them: it stays away */
  append(log: string, text: string, options: { ttlMs: number; most: number }): Promise<string> {
    return this.#patience.try(() => this.#logs.append(log, text, options));
  }

  read(log: string, after: string, limit?: number): Promise<LoggedText[]> {
    return this.#patience.try(() => this.#logs.read(log, after, limit));
  }

  drop(log: string): Promise<void> {
    return this.#patience.try(() => this.#logs.drop(log));
  }
}
