import type { BudgetState, Budgets, Charge, Claim, Reservation } from '../../contracts/budget.ts';
import { checkClaims, checkLease, checkName } from '../check.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

/** How long a settled reservation is remembered, so that it is not settled again. */
const REMEMBERED_MS = 3_600_000;
/** A call may run on past its window's end: what it then comes to must find the window's other calls. */
const KEPT_AFTER_END_MS = 3_600_000;

/** Budgets that every replica shares; each step is one script (see `scripts.ts`). Leases run on Redis' clock. */
export class RedisBudgets implements Budgets {
  readonly #client: RedisClient;
  readonly #calls: Calls;

  constructor(client: RedisClient, calls: Calls) {
    this.#client = client;
    this.#calls = calls;
  }

  async reserve(id: string, claims: readonly Claim[], leaseMs: number): Promise<Reservation> {
    checkClaims(id, claims);
    checkLease(leaseMs);
    const [refused, ...numbers] = await this.#calls.make(() =>
      this.#client.hypercareReserve(
        claims.length + 2,
        ...keysOf(id, claims),
        leaseMs,
        ...claims.flatMap(({ amount, limit, endsAt }) => [amount, limit, endsAt + KEPT_AFTER_END_MS]),
      ),
    );
    return { refused, states: statesOf(numbers) };
  }

  async renew(ids: readonly string[], leaseMs: number): Promise<void> {
    checkLease(leaseMs);
    await this.#calls.make(() => this.#client.hypercareRenew(LEASES, leaseMs, ...ids.map(reservationKey)));
  }

  async settle(id: string, charges: readonly Charge[]): Promise<BudgetState[]> {
    checkClaims(id, charges);
    const numbers = await this.#calls.make(() =>
      this.#client.hypercareSettle(
        charges.length + 2,
        ...keysOf(id, charges),
        REMEMBERED_MS,
        ...charges.flatMap(({ amount, endsAt }) => [amount, endsAt + KEPT_AFTER_END_MS]),
      ),
    );
    return statesOf(numbers);
  }

  async read(keys: readonly string[]): Promise<BudgetState[]> {
    for (const key of keys) checkName('budget key', key);
    return this.#calls.make(() =>
      Promise.all(
        keys.map(async (key) => {
          const [spent, held] = await this.#client.hmget(budgetKey(key), 's', 'h');
          return { spent: Number(spent ?? 0), held: Number(held ?? 0) };
        }),
      ),
    );
  }
}

const LEASES = 'hypercare:b:{budgets}:leases';
const reservationKey = (id: string): string => `hypercare:b:{budgets}:r:${id}`;
const budgetKey = (key: string): string => `hypercare:b:{budgets}:b:${key}`;

const keysOf = (id: string, claims: readonly { key: string }[]): string[] => [
  LEASES,
  reservationKey(id),
  ...claims.map(({ key }) => budgetKey(key)),
];

/** Spent and held in turns. */
function statesOf(numbers: readonly string[]): BudgetState[] {
  const states: BudgetState[] = [];
  for (let at = 0; at < numbers.length; at += 2)
    states.push({ spent: Number(numbers[at]), held: Number(numbers[at + 1]) });
  return states;
}
