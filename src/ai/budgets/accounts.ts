import { randomBytes } from 'node:crypto';
import type { BudgetState, Budgets, Charge } from '../../contracts/budget.ts';
import type { OnStateChange } from '../../contracts/state-change.ts';
import { StoreUnavailable } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { Outbox } from '../../lib/outbox.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Amounts, Draw } from './draw.ts';
import { BudgetLevels } from './levels.ts';
import type { BudgetMeters } from './meters.ts';
import { budgetRefusal } from './refusal.ts';
import { unitsOf } from './rules.ts';

/** What a call holds while it runs. */
export interface Hold {
  readonly id: string;
  readonly draws: readonly Draw[];
  /** After the reservation; empty when the store could not say. */
  readonly states: readonly BudgetState[];
}

interface Settlement {
  readonly id: string;
  readonly draws: readonly Draw[];
  readonly charges: readonly Charge[];
}

export interface AccountsOptions {
  budgets: Budgets;
  log: Logger;
  meters: BudgetMeters;
  onChange: OnStateChange;
  clock: { wall(): number; monotonic(): number };
}

/** A dead process's calls give back what they held after this long, in milliseconds; a live one renews well before. */
const LEASE_MS = 60_000;
const RENEW_EVERY_MS = 15_000;
const RENEWED_AT_ONCE = 500;
/** Settlements wait for one another, so that a burst is a few writes to disk. In milliseconds. */
const SETTLE_WITHIN_MS = 20;
/** Settlements that wait for a store that is away. */
const MOST_WAITING = 100_000;

/**
 * Reserves before a call and settles after it, once in each ending. Lives as long as the process: a call that began
 * under one generation is settled under the next.
 */
export class Accounts {
  readonly #options: AccountsOptions;
  readonly #levels: BudgetLevels;
  readonly #held = new Set<string>();
  readonly #outbox: Outbox<Settlement>;
  readonly #renewal: NodeJS.Timeout;
  /** Unique among all processes, so that no two give a reservation the same id. */
  readonly #process = randomBytes(9).toString('base64url');
  #calls = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#levels = new BudgetLevels(options.onChange);
    this.#outbox = new Outbox<Settlement>({
      deliver: (batch) => this.#deliver(batch),
      onFailure: (error, waiting) => this.#say(error, `${waiting} settlements of budgets wait for the store`),
      onDropped: () => options.meters.lost.inc(),
      everyMs: SETTLE_WITHIN_MS,
      batch: 256,
      most: MOST_WAITING,
    });
    this.#renewal = setInterval(() => void this.#renew(), RENEW_EVERY_MS).unref();
  }

  /**
   * @param atMost what the call may come to
   * @returns what it holds from now on: it must be settled
   * @throws GatewayError `budget_spent`, `loop_stopped`, `budget_unpriced`, `budget_unavailable`
   */
  async reserve(draws: readonly Draw[], atMost: Amounts): Promise<Hold> {
    const { budgets, meters, clock } = this.#options;
    if (!(atMost.usd >= 0) && draws.some(({ rule }) => rule.unit === 'usd'))
      throw new GatewayError('budget_unpriced');
    const id = `${this.#process}-${(this.#calls++).toString(36)}`;
    const claims = draws.map(({ rule, key, window }) => ({
      key,
      amount: unitsOf(rule.unit, atMost[rule.unit]),
      limit: rule.limit,
      endsAt: window.endsAt,
    }));
    // From here on, and not only once it is granted: a slow answer must not outlive its lease.
    this.#held.add(id);
    try {
      const { refused, states } = await budgets.reserve(id, claims, LEASE_MS);
      for (const [at, draw] of draws.entries()) meters.show(draw, states[at] as BudgetState);
      const draw = draws[refused];
      if (!draw) return { id, draws, states };
      this.#held.delete(id);
      meters.refused.inc({ budget: draw.rule.name, scope: draw.rule.scope });
      throw budgetRefusal(draw, claims[refused]?.amount ?? 0, states[refused] as BudgetState, clock.wall());
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) {
        this.#held.delete(id);
        throw error;
      }
      return this.#withoutStore({ id, draws, states: [] }, error);
    }
  }

  /** What the call came to. Must not fail: it runs where nobody could catch. */
  settle(hold: Hold, amounts: Amounts): void {
    this.#held.delete(hold.id);
    const charges = hold.draws.map(({ rule, key, window }) => ({
      key,
      amount: unitsOf(rule.unit, Math.max(0, amounts[rule.unit])),
      endsAt: window.endsAt,
    }));
    this.#outbox.push({ id: hold.id, draws: hold.draws, charges });
  }

  /** Delivers what has been settled. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    const lost = await this.#outbox.close();
    if (lost > 0)
      this.#options.log.error({ lost }, 'settlements of budgets were lost: the store did not answer');
  }

  #withoutStore(hold: Hold, error: StoreUnavailable): Hold {
    const denies = hold.draws.find(({ rule }) => rule.onStoreDown === 'deny');
    this.#options.meters.degraded.inc({ policy: 'budget', what: denies ? 'fail_closed' : 'fail_open' });
    this.#say(
      error,
      denies ? 'budgets can not be asked: calls are refused' : 'budgets can not be asked: calls pass',
    );
    if (!denies) return hold;
    // The reservation may have been made all the same.
    this.settle(hold, { usd: 0, tokens: 0, requests: 0 });
    throw new GatewayError('budget_unavailable', { cause: error });
  }

  async #deliver(batch: readonly Settlement[]): Promise<void> {
    const { budgets, meters, clock, log } = this.#options;
    const outcomes = await Promise.allSettled(
      batch.map(async ({ id, draws, charges }) => {
        const states = await budgets.settle(id, charges);
        for (const [at, draw] of draws.entries()) {
          meters.show(draw, states[at] as BudgetState);
          this.#levels.note(draw, states[at] as BudgetState, clock.wall());
        }
      }),
    );
    const errors = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    const away = errors.find((error) => error instanceof StoreUnavailable);
    if (away) throw away;
    // It would fail each time, and all that wait behind it would wait for ever.
    for (const error of errors) {
      meters.lost.inc();
      log.error({ err: error }, 'a settlement of budgets is lost: it can not be made');
    }
  }

  async #renew(): Promise<void> {
    const ids = [...this.#held];
    try {
      for (let at = 0; at < ids.length; at += RENEWED_AT_ONCE)
        await this.#options.budgets.renew(ids.slice(at, at + RENEWED_AT_ONCE), LEASE_MS);
    } catch (error) {
      this.#say(error as Error, 'leases of budgets could not be renewed');
    }
  }

  /** Counted each time, said once a second: a store that is away must not fill the log. */
  #say(error: Error, what: string): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#saidAt < 1000) return;
    this.#saidAt = now;
    this.#options.log.warn({ err: error }, what);
  }
}
