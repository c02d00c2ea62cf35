/** The rise that it is tuned for: twice the usual rate. */
const RHO = 2;
/** Where it alarms. Between 12 and 16: one false alarm in some 1,000 days of ten-second ticks. */
export const ALARM = 14;
/** It counts no further, so that it comes down within a few ticks once the fault is over. */
const MOST = 2 * ALARM;
const LOG_RHO = Math.log(RHO);

/**
 * Poisson CUSUM (Lucas 1985): S = max(0, S + (x·ln ρ − n·p₀·(ρ − 1)) / φ). It adds up how much likelier each tick is
 * under ρ times the usual rate than under the usual one; φ, the dispersion, keeps bursts from counting as a rise.
 */
export class Cusum {
  sum = 0;
  /** The tick in which it left 0; -1: it is there. */
  since = -1;

  /** @param bad of `total` in this tick @param rate the usual share of bad ones */
  step(tick: number, bad: number, total: number, rate: number, dispersion: number): void {
    const next = this.sum + (bad * LOG_RHO - total * rate * (RHO - 1)) / Math.max(1, dispersion);
    if (next <= 0) {
      this.sum = 0;
      this.since = -1;
      return;
    }
    if (this.since < 0) this.since = tick;
    this.sum = Math.min(MOST, next);
  }

  reset(): void {
    this.sum = 0;
    this.since = -1;
  }

  get isAlarm(): boolean {
    return this.sum >= ALARM;
  }
}

/** Weight of a tick in the dispersion. */
const WEIGHT = 0.02;
/** Largest step that counts: one tick must not make the detector deaf. */
const LARGEST = 60;

/** EWMA of (x − μ)² / μ, which is 1 for Poisson counts and more for what comes in bursts. */
export function nextDispersion(before: number, bad: number, expected: number): number {
  if (expected <= 0) return before;
  // Below one expected event the ratio is all noise: as if one had been expected.
  const step = Math.min(LARGEST, (bad - expected) ** 2 / Math.max(expected, 1));
  return before + WEIGHT * (step - before);
}
