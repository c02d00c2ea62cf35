/** Milliseconds in which what was measured loses two thirds of its say, where many are asked a second. */
const DECAY_MS = 5_000;
/** How far one slow answer pulls: a single pause among thousands costs a target little, four in a row nearly all. */
const PULL = 0.25;
/** A failure counts as ten times as slow as usual, however fast it came: a target that fails at once must not look quick. */
const FAILURE_FACTOR = 10;
/** Milliseconds; for a failure before anything was measured. */
const FAILURE_FLOOR_MS = 10;
/** Milliseconds; so that failures can't add up without end: nine decay times on, less than ten are left of it. */
const CEILING_MS = 60_000;

/**
 * A moving average of latency that goes up at once and comes down with time (peak EWMA, as in Twitter's Finagle): what
 * is slow now must be believed now, that it is fast again must be shown for a while. It also sinks while nothing is
 * measured, so that a target that got no traffic is tried again.
 */
export class PeakEwma {
  readonly #decayMs: number;
  #ms = 0;
  #at = 0;
  /** What the last answer took; 0 = there was none. */
  #answered = 0;

  /** @param decayMs longer where few are asked */
  constructor(decayMs = DECAY_MS) {
    this.#decayMs = decayMs;
  }

  /** @param now milliseconds of a monotonic clock */
  observe(ms: number, now: number): void {
    this.#answered = ms;
    this.#take(ms, now);
  }

  #take(ms: number, now: number): void {
    const before = this.at(now);
    if (ms > before) this.#ms = before === 0 ? ms : before + (ms - before) * PULL;
    else this.#ms = ms + (this.#ms - ms) * this.#remains(now);
    this.#at = now;
  }

  failed(ms: number, now: number): void {
    const slow = FAILURE_FACTOR * Math.max(this.at(now), FAILURE_FLOOR_MS);
    this.#take(Math.min(CEILING_MS, Math.max(ms, slow)), now);
  }

  /** It took at least so long: who waited gave up. Says nothing where that is no longer than usual. */
  tookAtLeast(ms: number, now: number): void {
    if (ms > this.at(now)) this.#take(ms, now);
  }

  /**
   * It was asked, and gave nothing to measure: it is as quick as its last answer was, and what failures have put on top of that
   * goes on fading.
   */
  hold(now: number): void {
    this.#ms = Math.max(this.at(now), Math.min(this.#ms, this.#answered));
    this.#at = now;
  }

  /** Milliseconds; 0 = nothing was measured yet. */
  at(now: number): number {
    return this.#ms === 0 ? 0 : this.#ms * this.#remains(now);
  }

  #remains(now: number): number {
    return Math.exp((this.#at - now) / this.#decayMs);
  }
}
