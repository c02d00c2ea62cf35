import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CounterWindow } from '../limits/algorithm.ts';
import type { MemoryCounters } from '../memory/counters.ts';
import { transact } from './commits.ts';

/** Rows of one snapshot, so that it does not hold the event loop; the rest follows a second later. */
const BATCH = 5000;

/**
 * Counters on disk, as they were at most about a second ago. Only what changed is written, and without a sync: after a
 * power cut a counter may be a few seconds old, which is less than a sync a second would cost everyone.
 */
export class CounterSnapshot {
  readonly #database: DatabaseSync;
  readonly #counters: MemoryCounters;
  readonly #now: () => number;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync, counters: MemoryCounters, now: () => number) {
    this.#database = database;
    this.#counters = counters;
    this.#now = now;
    this.#put = database.prepare(
      `INSERT INTO counters (key, value, ends_at, parts) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at, parts = excluded.parts`,
    );
    this.#delete = database.prepare('DELETE FROM counters WHERE key = ?');
  }

  /** Gives the counters what was written, in the order in which it ends; windows already over are left out. */
  restore(): void {
    const rows = this.#database
      .prepare('SELECT key, value, ends_at, parts FROM counters WHERE ends_at > ? ORDER BY ends_at')
      .iterate(this.#now());
    const windows: CounterWindow[] = [];
    for (const row of rows) {
      windows.push({
        key: String(row.key),
        value: Number(row.value),
        endsAt: Number(row.ends_at),
        ...(row.parts === null ? {} : { parts: JSON.parse(String(row.parts)) as number[] }),
      });
    }
    this.#counters.restore(windows);
  }

  /** Writes what changed, 5000 keys at most; true if there is more. What can't be written is kept for the next time. */
  write(): boolean {
    const changes = this.#counters.takeChanges(BATCH);
    if (changes.length === 0) return false;
    try {
      transact(this.#database, () => {
        for (const { key, window } of changes) {
          if (window) {
            const parts = window.parts === undefined ? null : JSON.stringify(window.parts);
            this.#put.run(key, window.value, Math.ceil(window.endsAt), parts);
          } else this.#delete.run(key);
        }
      });
    } catch (error) {
      this.#counters.returnChanges(changes);
      throw error;
    }
    return changes.length === BATCH;
  }

  /** Deletes windows that are over. */
  purge(): void {
    this.#database.prepare('DELETE FROM counters WHERE ends_at <= ?').run(this.#now());
  }
}
