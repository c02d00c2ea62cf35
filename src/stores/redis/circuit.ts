import type { Transitions } from '../transitions.ts';

/** So many failures in a row, without a success between them, and the store counts as down. */
const FAILURES = 5;

/** How long calls then fail at once before one of them tries again, in milliseconds. */
const COOLDOWN_MS = 500;

/**
 * Keeps a store that does not answer from costing each request a timeout: after five failures in a row calls are
 * refused, but for one every half second. A success lets all through again.
 */
export class Circuit {
  readonly #transitions: Transitions;
  readonly #now: () => number;
  #failures = 0;
  /** While this lies ahead, calls are refused. */
  #closedUntil = 0;
  #lastError: Error | undefined;

  /** `now` in milliseconds, from any origin. */
  constructor(transitions: Transitions, now: () => number) {
    this.#transitions = transitions;
    this.#now = now;
  }

  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** True if a call may go. The one that goes after a cooldown begins the next, so that it is alone. */
  allows(): boolean {
    if (!this.#transitions.isDown) return true;
    const now = this.#now();
    if (now < this.#closedUntil) return false;
    this.#closedUntil = now + COOLDOWN_MS;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#transitions.up();
  }

  failed(error: Error): void {
    this.#failures++;
    this.#lastError = error;
    if (this.#failures >= FAILURES) this.#open(error);
  }

  /** The connection is gone: no need to count. */
  lost(error: Error): void {
    this.#lastError = error;
    this.#open(error);
  }

  /** Lets the next call try: there is a reason to think that the store is back. */
  retry(): void {
    this.#closedUntil = 0;
  }

  #open(error: Error): void {
    if (!this.#transitions.isDown) this.#closedUntil = this.#now() + COOLDOWN_MS;
    this.#transitions.down(error);
  }
}
