import type { Ledger, LedgerRange, LedgerRow } from '../../contracts/ledger.ts';
import { checkLimit } from '../check.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

const LEDGER = 'hypercare:ledger';
/** Most rows that one call deletes (see `scripts.ts`). */
const FORGOTTEN_AT_ONCE = 1000;

/**
 * The books as one sorted set by time. A member is the row as JSON, its id first, so that rows of the same time are in
 * the order of their ids, and a row that is sent twice is there once.
 */
export class RedisLedger implements Ledger {
  readonly #client: RedisClient;
  readonly #calls: Calls;

  constructor(client: RedisClient, calls: Calls) {
    this.#client = client;
    this.#calls = calls;
  }

  async append(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    const members = rows.flatMap(({ id, at, ...rest }) => [at, JSON.stringify({ id, at, ...rest })]);
    await this.#calls.make(() => this.#client.zadd(LEDGER, ...members));
  }

  async read({ from, to, after, limit }: LedgerRange): Promise<LedgerRow[]> {
    const count = checkLimit(limit);
    const rows: LedgerRow[] = [];
    const first = Math.max(from, after?.at ?? from);
    // Rows of one millisecond may fill a page: what the last page ended with is stepped over.
    for (let offset = 0; rows.length < count; offset += count) {
      const members = await this.#calls.make(() =>
        this.#client.zrange(LEDGER, first, `(${to}`, 'BYSCORE', 'LIMIT', offset, count),
      );
      for (const member of members) {
        const row = JSON.parse(member) as LedgerRow;
        const isNew = after === undefined || row.at > after.at || row.id > after.id;
        if (isNew && rows.length < count) rows.push(row);
      }
      if (members.length < count) break;
    }
    return rows;
  }

  async stamp({ from, to }: Pick<LedgerRange, 'from' | 'to'>): Promise<string> {
    const [rows, first] = await this.#calls.make(() =>
      Promise.all([
        this.#client.zcount(LEDGER, from, `(${to}`),
        this.#client.zrange(LEDGER, from, `(${to}`, 'BYSCORE', 'LIMIT', 0, 1),
      ]),
    );
    // Rows never change, and those that are forgotten are the oldest: as many with the same first are the same.
    return rows === 0 ? '' : `${rows} ${(JSON.parse(first[0] ?? '{}') as Partial<LedgerRow>).id}`;
  }

  async forget(before: number, maxRows: number): Promise<boolean> {
    const gone = await this.#calls.make(() => this.#client.hypercareForget(LEDGER, before, maxRows));
    return gone === FORGOTTEN_AT_ONCE;
  }
}
