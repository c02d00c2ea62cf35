/** Calls remembered for a minute or two. */
const MOST_CALLS = 50_000;
/** From the third on it is a loop. */
const LOOP_FROM = 3;
/** Without a session all who stand behind a consumer's servers are one: they may well ask the same. */
const LOOP_FROM_SERVER = 20;

/** Sees that the same call is made again and again. */
export class RepeatedCalls {
  #now = new Map<number, number>();
  #before = new Map<number, number>();

  /**
   * @param call what identifies it, as a number
   * @returns whether it has been made so often, in this minute and the one before, that it is a loop
   */
  isLoop(call: number, hasSession: boolean): boolean {
    const times = (this.#now.get(call) ?? 0) + 1;
    if (times > 1 || this.#now.size < MOST_CALLS) this.#now.set(call, times);
    return times + (this.#before.get(call) ?? 0) >= (hasSession ? LOOP_FROM : LOOP_FROM_SERVER);
  }

  /** A minute is over. */
  next(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}
