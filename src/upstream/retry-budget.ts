/** Seconds over which requests and retries are compared. */
const WINDOW_S = 10;
/** Retries in a window that are granted whatever the traffic: one request in a quiet hour may be tried again, too. */
const FLOOR = 3;

/**
 * How many requests may be sent a second time, as a share of those that were sent: where everything fails, retries would
 * otherwise multiply the load that it fails under. It slides second by second and outlives generations.
 */
export class RetryBudget {
  readonly #now: () => number;
  readonly #requests = new Uint32Array(WINDOW_S);
  readonly #retries = new Uint32Array(WINDOW_S);
  #second = 0;

  /** @param now milliseconds, monotonic */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A request came: the first attempt of one. */
  count(): void {
    const at = this.#slide();
    this.#requests[at] = (this.#requests[at] as number) + 1;
  }

  /**
   * Takes one retry out, if there is one.
   * @param share of 1
   * @returns the second in which it was taken, for `giveBack`; undefined: there was none
   */
  take(share: number): number | undefined {
    const at = this.#slide();
    const allowed = Math.max(FLOOR, Math.floor(share * sum(this.#requests)));
    if (share === 0 || sum(this.#retries) >= allowed) return undefined;
    this.#retries[at] = (this.#retries[at] as number) + 1;
    return this.#second;
  }

  /** What was taken came to nothing. @param second in which it was; one that has left the window counts no more */
  giveBack(second: number): void {
    this.#slide();
    if (this.#second - second >= WINDOW_S) return;
    const at = second % WINDOW_S;
    this.#retries[at] = Math.max(0, (this.#retries[at] as number) - 1);
  }

  /** @returns the slot of this second; those of seconds that have left the window are empty again */
  #slide(): number {
    const second = Math.floor(this.#now() / 1000);
    const passed = Math.min(second - this.#second, WINDOW_S);
    for (let i = 0; i < passed; i++) {
      const slot = (second - i) % WINDOW_S;
      this.#requests[slot] = 0;
      this.#retries[slot] = 0;
    }
    this.#second = second;
    return second % WINDOW_S;
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
