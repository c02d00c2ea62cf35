import { HOUR, MINUTE } from './settings.ts';

/** Ticks that may be missing; beyond it time was not what it seemed, and counts of it say nothing. */
const MOST_GAP = 3;
/** Beginnings of ticks that are kept, for as many as are looked back at. */
const KEPT = 48 * HOUR;

/** When each tick began, by the wall clock, and whether time went as it should. Times are milliseconds since the epoch. */
export class Clock {
  #lastTickAt = 0;
  readonly #beganAt = new Map<number, number>();
  #disturbedUntil = -1;

  /** Goes on from a tick that another engine had come to: for a minute time counts as disturbed. */
  goOn(tick: number, now: number): void {
    this.#lastTickAt = now;
    this.#disturbedUntil = tick + MINUTE;
  }

  resume(now: number): void {
    this.#lastTickAt = now;
  }

  /**
   * A tick is over.
   * @returns whether time went on as it should: after a jump of the clock, or a pause, a few ticks are not looked at
   */
  keepTime(tick: number, now: number, tickMs: number): boolean {
    const gap = this.#lastTickAt === 0 ? tickMs : now - this.#lastTickAt;
    this.#lastTickAt = now;
    if (!this.#beganAt.has(tick)) this.#beganAt.set(tick, now - tickMs);
    if (gap < 0 || gap > MOST_GAP * tickMs) this.#disturbedUntil = tick + MINUTE;
    return tick > this.#disturbedUntil;
  }

  begin(tick: number, now: number): void {
    this.#beganAt.set(tick, now);
    this.#beganAt.delete(tick - KEPT);
  }

  /** When a tick began; undefined: nobody knows. */
  at(tick: number): number | undefined {
    return this.#beganAt.get(tick);
  }
}
