import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Ledger, LedgerRange, LedgerRow } from '../../contracts/ledger.ts';
import { checkLimit } from '../check.ts';
import { asUnavailable, type Commits } from './commits.ts';

/** Rows that are forgotten at once, so that it does not hold the event loop. */
const FORGOTTEN_AT_ONCE = 1000;

/** Rows of one statement: each statement costs more than what it puts in. */
const AT_ONCE = 16;

/** The books as one table in the order of time. An append shares its commit, and thereby its sync, with others. */
export class SqliteLedger implements Ledger {
  readonly #commits: Commits;
  readonly #put: StatementSync;
  readonly #putMany: StatementSync;
  readonly #read: StatementSync;
  readonly #stamp: StatementSync;
  readonly #size: StatementSync;
  readonly #resize: StatementSync;
  readonly #place: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync, commits: Commits) {
    this.#commits = commits;
    const put = (rows: number): StatementSync =>
      database.prepare(
        `INSERT OR IGNORE INTO ledger (at, id, entry) VALUES ${Array(rows).fill('(?, ?, ?)').join(', ')}`,
      );
    this.#put = put(1);
    this.#putMany = put(AT_ONCE);
    this.#read = database.prepare(
      'SELECT entry FROM ledger WHERE at >= ? AND at < ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?',
    );
    // Rows never change, and those that are forgotten are the oldest: as many with the same first are the same.
    this.#stamp = database.prepare(
      `SELECT count(*) AS rows, (SELECT id FROM ledger WHERE at >= ?1 ORDER BY at, id LIMIT 1) AS first
       FROM ledger WHERE at >= ?1 AND at < ?2`,
    );
    this.#size = database.prepare('SELECT rows FROM ledger_size');
    this.#resize = database.prepare('UPDATE ledger_size SET rows = rows + ?');
    this.#place = database.prepare('SELECT at, id FROM ledger ORDER BY at, id LIMIT 1 OFFSET ?');
    this.#forget = database.prepare('DELETE FROM ledger WHERE (at, id) < (?, ?)');
  }

  async append(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = rows.flatMap((row) => [row.at, row.id, JSON.stringify(row)]);
    const many = 3 * AT_ONCE;
    await this.#commits.enqueue(() => {
      let from = 0;
      let added = 0;
      for (; from + many <= values.length; from += many)
        added += Number(this.#putMany.run(...values.slice(from, from + many)).changes);
      for (; from < values.length; from += 3)
        added += Number(this.#put.run(...values.slice(from, from + 3)).changes);
      this.#resize.run(added);
    });
  }

  async read({ from, to, after, limit }: LedgerRange): Promise<LedgerRow[]> {
    try {
      const rows = this.#read.all(from, to, after?.at ?? from - 1, after?.id ?? '', checkLimit(limit));
      return rows.map(({ entry }) => JSON.parse(String(entry)) as LedgerRow);
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async stamp({ from, to }: Pick<LedgerRange, 'from' | 'to'>): Promise<string> {
    try {
      const { rows, first } = this.#stamp.get(from, to) ?? {};
      return rows === undefined || Number(rows) === 0 ? '' : `${rows} ${first}`;
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async forget(before: number, maxRows: number): Promise<boolean> {
    return this.#commits.enqueue(() => {
      const after = this.#place.get(FORGOTTEN_AT_ONCE);
      if (after && Number(after.at) < before) return this.#forgetTo(after);
      this.#forgetTo({ at: before, id: '' });
      const extra = Number(this.#size.get()?.rows) - maxRows;
      const kept = extra > 0 ? this.#place.get(Math.min(extra, FORGOTTEN_AT_ONCE)) : undefined;
      return kept !== undefined && this.#forgetTo(kept) && extra > FORGOTTEN_AT_ONCE;
    });
  }

  /** @returns whether there were rows before that one */
  #forgetTo({ at, id }: ReturnType<StatementSync['get']> & object): boolean {
    return Number(this.#forget.run(at as number, id as string).changes) > 0;
  }
}
