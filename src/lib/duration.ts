const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * `250ms`, `5s`, `1m`, `2h`, `7d` → milliseconds, to a thousandth (so that 2.3m is 138000 and not 137999.99…).
 * Undefined for what is no duration and for more than 2^53 ms.
 */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const ms = Number(amount) * (UNITS.get(unit) ?? Number.NaN);
  return ms <= Number.MAX_SAFE_INTEGER
    ? ms < 1e9
      ? Math.round(ms * 1000) / 1000
      : Math.round(ms)
    : undefined;
}

/** Milliseconds → the largest unit in which the figure stays whole: 90000 → `90s`, 60000 → `1m`. */
export function formatDuration(ms: number): string {
  let text = `${ms}ms`;
  for (const [unit, size] of UNITS) if (ms >= size && ms % size === 0) text = `${ms / size}${unit}`;
  return text;
}
