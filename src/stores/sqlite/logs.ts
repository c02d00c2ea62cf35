import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventLogs, LoggedText } from '../../contracts/store.ts';
import { checkLimit, checkName, checkPlace, checkTtl } from '../check.ts';
import { asUnavailable, type Commits } from './commits.ts';

const PLACE = /^\d{1,15}$/;
/** Rows of one purge, so that it does not hold the event loop. */
const PURGE_BATCH = 1000;

/** Logs in one table, in the order of its row ids; each row runs out by itself, and an append puts off all of its log. */
export class SqliteLogs implements EventLogs {
  readonly #commits: Commits;
  readonly #now: () => number;
  readonly #append: StatementSync;
  readonly #trim: StatementSync;
  readonly #putOff: StatementSync;
  readonly #read: StatementSync;
  readonly #drop: StatementSync;
  readonly #purge: StatementSync;

  constructor(database: DatabaseSync, commits: Commits, now: () => number) {
    this.#commits = commits;
    this.#now = now;
    this.#append = database.prepare('INSERT INTO logs (log, text, expires_at) VALUES (?, ?, ?)');
    this.#trim = database.prepare(
      `DELETE FROM logs WHERE log = ? AND place <=
         (SELECT place FROM logs WHERE log = ? ORDER BY place DESC LIMIT 1 OFFSET ?)`,
    );
    this.#putOff = database.prepare('UPDATE logs SET expires_at = ? WHERE log = ? AND expires_at < ?');
    this.#read = database.prepare(
      'SELECT place, text FROM logs WHERE log = ? AND place > ? AND expires_at > ? ORDER BY place LIMIT ?',
    );
    this.#drop = database.prepare('DELETE FROM logs WHERE log = ?');
    this.#purge = database.prepare(
      `DELETE FROM logs WHERE place IN
         (SELECT place FROM logs WHERE expires_at <= ? ORDER BY expires_at LIMIT ${PURGE_BATCH})`,
    );
  }

  async append(log: string, text: string, options: { ttlMs: number; most: number }): Promise<string> {
    checkName('log', log);
    const ttlMs = checkTtl(options.ttlMs) ?? 1;
    return this.#commits.enqueue(() => {
      const expiresAt = Math.ceil(this.#now() + ttlMs);
      const { lastInsertRowid } = this.#append.run(log, text, expiresAt);
      this.#trim.run(log, log, options.most);
      // Half a life at a time: not each row for each append.
      this.#putOff.run(expiresAt, log, Math.ceil(expiresAt - ttlMs / 2));
      return String(lastInsertRowid);
    });
  }

  async read(log: string, after: string, limit?: number): Promise<LoggedText[]> {
    checkName('log', log);
    checkPlace(after, PLACE);
    try {
      const rows = this.#read.all(log, Number(after), this.#now(), checkLimit(limit));
      return rows.map(({ place, text }) => ({ place: String(place), text: String(text) }));
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async drop(log: string): Promise<void> {
    checkName('log', log);
    await this.#commits.enqueue(() => {
      this.#drop.run(log);
    });
  }

  /** Deletes rows that ran out, 1000 at most; true if there may be more. */
  async purge(): Promise<boolean> {
    return this.#commits.enqueue(() => this.#purge.run(this.#now()).changes === PURGE_BATCH);
  }
}
