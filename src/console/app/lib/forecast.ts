/** Where spend is going, from what whole days came to. All times are UTC, as the ledger's days are. */

const DAY = 86_400_000;
/** Whole days that a forecast goes by: the newest. */
const GOES_BY = 7;
/** A value so many times the median of the days before it is not usual. */
const UNUSUAL = 3;
/** US dollars below which nothing is worth a look. */
const SMALL = 0.01;
/** Days before it that have to be known. */
const LEAST_DAYS = 3;

export interface Forecast {
  /** US dollars of this calendar month until now, and at its end as it goes on. */
  readonly soFar: number;
  readonly atEnd: number;
  /** The same, were every day left as the cheapest or as the dearest of those that it goes by. */
  readonly least: number;
  readonly most: number;
  /** Milliseconds since the epoch: when the month ends. */
  readonly end: number;
  /** Whole days that it goes by; 0: there is none yet, and today's rate goes on. */
  readonly days: number;
}

export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const monthStart = (now: number): number => Date.parse(`${dayOf(now).slice(0, 7)}-01T00:00:00Z`);

/** @param spent US dollars by day (`2026-11-28`), of this month and of the week before now; a day without a call may be missing */
export function forecast(spent: ReadonlyMap<string, number>, now: number): Forecast {
  const start = monthStart(now);
  const first = new Date(start);
  const end = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1);
  let soFar = 0;
  for (const [day, usd] of spent) if (Date.parse(day) >= start) soFar += usd;
  const today = Date.parse(dayOf(now));
  const oldest = Math.min(...[...spent.keys()].map((day) => Date.parse(day)));
  const whole = Array.from({ length: GOES_BY }, (_, n) => today - (n + 1) * DAY)
    // Before the first call of all there was no service.
    .filter((at) => at >= oldest)
    .map((at) => spent.get(dayOf(at)) ?? 0);
  const spentToday = spent.get(dayOf(now)) ?? 0;
  const gone = Math.max(1 / 24, (now - today) / DAY);
  const usual = whole.length === 0 ? [spentToday / gone] : whole;
  const left = (end - now) / DAY;
  const mean = usual.reduce((sum, usd) => sum + usd, 0) / usual.length;
  return {
    soFar,
    atEnd: soFar + mean * left,
    least: soFar + Math.min(...usual) * left,
    most: soFar + Math.max(...usual) * left,
    end,
    days: whole.length,
  };
}

export interface Outlier {
  readonly name: string;
  readonly day: string;
  readonly usd: number;
  /** Median of the days before it that are known. */
  readonly usual: number;
}

/** Days on which somebody spent three times what they usually do, or more; the dearest first. */
export function outliers(rows: readonly { name: string; day: string; usd: number }[]): Outlier[] {
  const byName = new Map<string, { name: string; day: string; usd: number }[]>();
  for (const row of rows) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);
  return [...byName.values()]
    .flatMap((days) =>
      days.flatMap(({ name, day, usd }) => {
        const before = days.filter((each) => each.day < day).map((each) => each.usd);
        if (before.length < LEAST_DAYS || usd < SMALL) return [];
        const usual = median(before);
        return usd >= UNUSUAL * usual ? [{ name, day, usd, usual }] : [];
      }),
    )
    .sort((a, b) => b.usd - b.usual - (a.usd - a.usual));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = sorted.length >> 1;
  const [low = 0, high = 0] =
    sorted.length % 2 === 1 ? [sorted[at], sorted[at]] : [sorted[at - 1], sorted[at]];
  return (low + high) / 2;
}
