/** What a call may come to, drawn on one budget in one window. */
export interface Claim {
  /** Opaque, 1 to 512 bytes: the budget, whom it is counted for, and the window. */
  readonly key: string;
  /** Whole units, at least 0. */
  readonly amount: number;
  /** Whole units that may be spent in the window. */
  readonly limit: number;
  /** Milliseconds since the epoch: when the window is over and the key may be forgotten. */
  readonly endsAt: number;
}

/** What a call came to, on one budget in the window in which it began. */
export type Charge = Omit<Claim, 'limit'>;

export interface BudgetState {
  /** Units settled. */
  spent: number;
  /** Units reserved by calls that still run. */
  held: number;
}

export interface Reservation {
  /** Which claim was refused, from 0; -1 when all were granted. */
  refused: number;
  /** Of each claim: with this reservation where it was granted, without where it was not. */
  states: BudgetState[];
}

/**
 * Money, tokens and calls that are reserved before and settled after, shared by everything that shares the store. Each
 * call is one atomic step over all its budgets: it is granted by all of them or changes none. Numbers are whole, from 0
 * to 2^53 - 1, else a step fails with `RangeError`; what is spent grows no further. A step that failed with `StoreUnavailable` may have been applied.
 */
export interface Budgets {
  /**
   * Grants if, of every claim, `spent + held + amount` is at most `limit`. What is held goes back by itself when the
   * lease is over: whoever held it has died.
   *
   * @param id of the reservation: unique, never a client's text
   * @param claims at most 1024, each key once
   */
  reserve(id: string, claims: readonly Claim[], leaseMs: number): Promise<Reservation>;
  /** Puts the end of these leases off, to `leaseMs` from now. Leases that are over stay over. */
  renew(ids: readonly string[], leaseMs: number): Promise<void>;
  /**
   * Gives back what `id` held, if it still holds anything, and charges what was spent, over the limit too. Once: a
   * second time within an hour changes nothing, so that a step whose fate is unknown can be sent again. Durable.
   */
  settle(id: string, charges: readonly Charge[]): Promise<BudgetState[]>;
  /** Of each key, in their order. */
  read(keys: readonly string[]): Promise<BudgetState[]>;
}
