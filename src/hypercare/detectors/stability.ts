/** Standard normal quantile of 1 − 10⁻⁶. */
const Z = 4.753;

/** Upper bound of a chi-square variable, passed by chance once in a million (Wilson and Hilferty 1931). */
function chiSquareBound(degrees: number): number {
  const part = 2 / (9 * degrees);
  return degrees * (1 - part + Z * Math.sqrt(part)) ** 3;
}

export interface Stability {
  /** Population stability index: Σ (p − q)·ln(p / q). Above 0.25 it is called a shift. */
  readonly index: number;
  /** What chance alone makes of it, at most: a bound of χ² / (n·m / (n + m)) (Yurdakul 2018). */
  readonly bound: number;
}

/** How far what comes now is from what came before: two histograms of the same buckets. */
export function stability(now: ArrayLike<number>, before: ArrayLike<number>): Stability {
  const buckets = now.length;
  let n = 0;
  let m = 0;
  for (let at = 0; at < buckets; at++) {
    n += now[at] as number;
    m += before[at] as number;
  }
  if (n === 0 || m === 0) return { index: 0, bound: Number.POSITIVE_INFINITY };
  let index = 0;
  let used = 0;
  for (let at = 0; at < buckets; at++) {
    if (now[at] === 0 && before[at] === 0) continue;
    used++;
    // Half an event more in each, so that an empty bucket has a logarithm.
    const p = ((now[at] as number) + 0.5) / (n + buckets / 2);
    const q = ((before[at] as number) + 0.5) / (m + buckets / 2);
    index += (p - q) * Math.log(p / q);
  }
  return { index, bound: chiSquareBound(Math.max(1, used - 1)) * (1 / n + 1 / m) };
}
