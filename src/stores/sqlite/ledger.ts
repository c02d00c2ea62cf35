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
  readonly #count: StatementSync;
  readonly #forgetOld: StatementSync;
  readonly #forgetMost: StatementSync;

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
    this.#count = database.prepare('SELECT count(*) AS rows FROM ledger');
    const forget = (which: string, limit: string): StatementSync =>
      database.prepare(
        `DELETE FROM ledger WHERE (at, id) IN
           (SELECT at, id FROM ledger ${which} ORDER BY at, id LIMIT ${limit})`,
      );
    this.#forgetOld = forget('WHERE at < ?', String(FORGOTTEN_AT_ONCE));
    this.#forgetMost = forget('', '?');
  }

  async append(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = rows.flatMap((row) => [row.at, row.id, JSON.stringify(row)]);
    const many = 3 * AT_ONCE;
    await this.#commits.enqueue(() => {
      let from = 0;
      for (; from + many <= values.length; from += many)
        this.#putMany.run(...values.slice(from, from + many));
      for (; from < values.length; from += 3) this.#put.run(...values.slice(from, from + 3));
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
      if (Number(this.#forgetOld.run(before).changes) === FORGOTTEN_AT_ONCE) return true;
      const extra = Number(this.#count.get()?.rows ?? 0) - maxRows;
      if (extra > 0) this.#forgetMost.run(Math.min(extra, FORGOTTEN_AT_ONCE));
      return extra > FORGOTTEN_AT_ONCE;
    });
  }
}
