import type { Limit } from '../../contracts/store.ts';

/** What is known of one limit, or of one counter. `endsAt` never changes, because windows are sorted by it. */
export interface CounterWindow {
  readonly key: string;
  /** What was taken, as a whole number. */
  value: number;
  /** Milliseconds since the epoch: from then on nothing of it counts. */
  readonly endsAt: number;
  /** What an algorithm needs beyond the value. */
  readonly parts?: number[];
}

/** One way to count. It knows nothing of where windows are kept; time is in milliseconds since the epoch. */
export interface Algorithm {
  /** The `parts` of a window in which nothing was taken yet; `advance` brings them to the present. */
  empty(): number[] | undefined;
  /** How long a window that starts now is kept, in milliseconds. */
  lifeMs(limit: Limit): number;
  /** How long a window must still be kept for all that is in it to count. If that is more than it has, it starts anew. */
  neededMs(window: CounterWindow, limit: Limit): number;
  /** Lets time pass. A clock that was set back takes nothing out of the window. */
  advance(window: CounterWindow, limit: Limit, now: number): void;
  /** What may pass now. */
  free(window: CounterWindow, limit: Limit): number;
  /** Milliseconds until `cost` may pass. */
  waitMs(window: CounterWindow, limit: Limit, cost: number, now: number): number;
  /** Milliseconds until more is free than now. */
  resetMs(window: CounterWindow, limit: Limit, now: number): number;
  take(window: CounterWindow, limit: Limit, cost: number, now: number): void;
}
