import type { DatabaseSync } from 'node:sqlite';
import { BUSY_TIMEOUT_MS } from './database.ts';

/** What is erased together leaves the log together; and whoever reads in it has so long to end before it is tried again. Milliseconds. */
const LOG_AFTER_MS = 1000;

/**
 * Deletes so that nothing of it can be found in the files. SQLite itself only lets go of the place where it stood: `secure_delete`
 * writes zeros there (FAST, as the database is opened, where a page is written anyway; here all of it), and the log, which has the
 * pages as they were before, is emptied soon after, or by the next to open the file. What the file system or the disk keeps of
 * what was overwritten is out of reach.
 */
export class Wiping {
  readonly #database: DatabaseSync;
  readonly #onFailure: (error: unknown) => void;
  #soon: NodeJS.Timeout | undefined;

  /** @param onFailure hears why the log can't be emptied; it is tried again */
  constructor(database: DatabaseSync, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#onFailure = onFailure;
    // Whoever erased something last may have been killed before.
    this.#emptyLogSoon();
  }

  /** Runs `work`, in whose place nothing is left of what it deletes or writes over. Within a transaction. */
  run<T>(work: () => T): T {
    this.#database.exec('PRAGMA secure_delete = ON');
    try {
      return work();
    } finally {
      this.#database.exec('PRAGMA secure_delete = FAST');
      this.#emptyLogSoon();
    }
  }

  /** Empties the log now, if that is still to come. Where others are at work on it, the next to open the file does. */
  close(): void {
    if (!this.#soon) return;
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#emptyLog();
  }

  #emptyLogSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      // Somebody reads in it, or has begun a transaction.
      if (!this.#emptyLog()) this.#emptyLogSoon();
    }, LOG_AFTER_MS).unref();
  }

  /** @returns whether it is empty */
  #emptyLog(): boolean {
    if (!this.#database.isOpen) return true;
    // The event loop waits for nobody.
    this.#database.exec('PRAGMA busy_timeout = 0');
    try {
      return this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0;
    } catch (error) {
      this.#onFailure(error);
      return false;
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }
}
