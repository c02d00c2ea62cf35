/** Milliseconds between two looks: what is told is right to a few of them. */
const EVERY_MS = 20;
/** What timers are late by of themselves. */
const LATE_MS = 2;

/**
 * For how long the event loop has been busy. Node doesn't tell when a connection became readable, so that a request's
 * wait for the loop can't be known; but while the loop is busy no timer fires either, and what a timer that is due is
 * late by is the most that a request has waited that is seen only now.
 */
export class LoopLag {
  #lookedAt: number = performance.now();
  /** Of the last look, for those that are seen behind it: timers come first in each turn of the loop. */
  #late = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
  }

  /** Milliseconds; 0 if it is not busy, or can't be told from that. */
  get ms(): number {
    const late = performance.now() - this.#lookedAt - EVERY_MS;
    return late > LATE_MS && late > this.#late ? late : this.#late;
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lookedAt - EVERY_MS;
    this.#lookedAt = now;
    if (late <= LATE_MS) return;
    this.#late = late;
    // Through this turn, and the next: a connection is accepted in one and read in the other.
    setImmediate(() => setImmediate(this.#over));
  }

  readonly #over = (): void => {
    this.#late = 0;
  };

  close(): void {
    clearInterval(this.#timer);
  }
}
