import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BudgetState, Budgets, Charge, Claim, Reservation } from '../../contracts/budget.ts';
import { checkClaims, checkLease, checkName } from '../check.ts';
import { asUnavailable, type Commits } from './commits.ts';

/** Leases that ran out and are given back before a reservation, so that no call pays for a whole crashed process. */
const RETURNED_PER_STEP = 256;
/** How long a settled reservation is remembered, so that it is not settled again. */
const REMEMBERED_MS = 3_600_000;
/** Rows of one purge, so that it does not hold the event loop. */
const PURGE_BATCH = 1000;

/** What a reservation holds, by key. */
type Holds = Readonly<Record<string, number>>;

type Statement =
  | 'read'
  | 'hold'
  | 'release'
  | 'charge'
  | 'find'
  | 'put'
  | 'remove'
  | 'renew'
  | 'lapsed'
  | 'purge';

/**
 * Budgets in two tables that all processes of the machine share: each step is a transaction that begins with the right
 * to write. Reservations do not wait for the disk (a power failure that loses them ends their calls too), settlements do.
 */
export class SqliteBudgets implements Budgets {
  readonly #commits: Commits;
  readonly #now: () => number;
  readonly #statements: Readonly<Record<Statement, StatementSync>>;

  constructor(database: DatabaseSync, commits: Commits, now: () => number) {
    this.#commits = commits;
    this.#now = now;
    const add = (column: 'held' | 'spent'): StatementSync =>
      database.prepare(
        `INSERT INTO budgets (key, ${column}, ends_at, ${column === 'held' ? 'spent' : 'held'}) VALUES (?, ?, ?, 0)
         ON CONFLICT (key) DO UPDATE SET ${column} = min(${Number.MAX_SAFE_INTEGER}, ${column} + excluded.${column})`,
      );
    this.#statements = {
      read: database.prepare('SELECT spent, held FROM budgets WHERE key = ?'),
      hold: add('held'),
      release: database.prepare('UPDATE budgets SET held = max(0, held - ?) WHERE key = ?'),
      charge: add('spent'),
      find: database.prepare('SELECT holds FROM reservations WHERE id = ?'),
      put: database.prepare('INSERT OR REPLACE INTO reservations (id, holds, expires_at) VALUES (?, ?, ?)'),
      remove: database.prepare('DELETE FROM reservations WHERE id = ?'),
      renew: database.prepare(
        'UPDATE reservations SET expires_at = ? WHERE id = ? AND holds IS NOT NULL AND expires_at > ?',
      ),
      lapsed: database.prepare(
        `SELECT id, holds FROM reservations WHERE expires_at <= ? ORDER BY expires_at LIMIT ${RETURNED_PER_STEP}`,
      ),
      purge: database.prepare(
        `DELETE FROM budgets WHERE key IN
           (SELECT key FROM budgets WHERE ends_at <= ? ORDER BY ends_at LIMIT ${PURGE_BATCH})`,
      ),
    };
  }

  async reserve(id: string, claims: readonly Claim[], leaseMs: number): Promise<Reservation> {
    checkClaims(id, claims);
    checkLease(leaseMs);
    return this.#commits.enqueue(() => this.#reserve(id, claims, leaseMs), { durable: false });
  }

  async renew(ids: readonly string[], leaseMs: number): Promise<void> {
    checkLease(leaseMs);
    await this.#commits.enqueue(
      () => {
        const now = this.#now();
        for (const id of ids) this.#statements.renew.run(Math.ceil(now + leaseMs), id, now);
      },
      { durable: false },
    );
  }

  async settle(id: string, charges: readonly Charge[]): Promise<BudgetState[]> {
    checkClaims(id, charges);
    return this.#commits.enqueue(() => {
      const there = this.#statements.find.get(id);
      // Settled before: it holds nothing any more.
      if (there?.holds !== null) {
        if (there) this.#giveBack(String(there.holds));
        for (const { key, amount, endsAt } of charges) this.#statements.charge.run(key, amount, endsAt);
        this.#statements.put.run(id, null, Math.ceil(this.#now() + REMEMBERED_MS));
      }
      return charges.map(({ key }) => this.#state(key));
    });
  }

  async read(keys: readonly string[]): Promise<BudgetState[]> {
    for (const key of keys) checkName('budget key', key);
    try {
      return keys.map((key) => this.#state(key));
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  /** Gives back what has lapsed and deletes windows that are over; true if there may be more. */
  async purge(): Promise<boolean> {
    return this.#commits.enqueue(
      () => {
        const returned = this.#returnLapsed();
        const deleted = Number(this.#statements.purge.run(this.#now() - REMEMBERED_MS).changes);
        return returned === RETURNED_PER_STEP || deleted === PURGE_BATCH;
      },
      { durable: false },
    );
  }

  #reserve(id: string, claims: readonly Claim[], leaseMs: number): Reservation {
    const returned = this.#returnLapsed();
    const states = claims.map(({ key }) => this.#state(key));
    const refused = claims.findIndex(({ amount, limit }, at) => {
      const { spent, held } = states[at] as BudgetState;
      return spent + held + amount > limit;
    });
    if (refused >= 0)
      return returned < RETURNED_PER_STEP ? { refused, states } : this.#reserve(id, claims, leaseMs);
    const holds: Record<string, number> = Object.create(null);
    for (const [at, { key, amount, endsAt }] of claims.entries()) {
      this.#statements.hold.run(key, amount, endsAt);
      holds[key] = amount;
      (states[at] as BudgetState).held += amount;
    }
    this.#statements.put.run(id, JSON.stringify(holds), Math.ceil(this.#now() + leaseMs));
    return { refused, states };
  }

  #returnLapsed(): number {
    const lapsed = this.#statements.lapsed.all(this.#now());
    for (const { id, holds } of lapsed) {
      if (holds !== null) this.#giveBack(String(holds));
      this.#statements.remove.run(String(id));
    }
    return lapsed.length;
  }

  #giveBack(holds: string): void {
    for (const [key, amount] of Object.entries(JSON.parse(holds) as Holds))
      this.#statements.release.run(amount, key);
  }

  #state(key: string): BudgetState {
    const row = this.#statements.read.get(key);
    return { spent: Number(row?.spent ?? 0), held: Number(row?.held ?? 0) };
  }
}
