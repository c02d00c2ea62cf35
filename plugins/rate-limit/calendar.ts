import type { Period } from './settings.ts';

/** A day or a month of the calendar, in UTC. Milliseconds since the epoch. */
export interface CalendarPeriod {
  /** `2026-11-23`, `2026-11`. */
  readonly name: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

function periodAt(per: Period, now: number): CalendarPeriod {
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const iso = date.toISOString();
  return per === 'day'
    ? { name: iso.slice(0, 10), startsAt: Date.UTC(year, month, day), endsAt: Date.UTC(year, month, day + 1) }
    : { name: iso.slice(0, 7), startsAt: Date.UTC(year, month), endsAt: Date.UTC(year, month + 1) };
}

/** The period at a time. Found once a period, not once a request. */
export function calendar(per: Period): (now: number) => CalendarPeriod {
  let period = periodAt(per, 0);
  return (now) => {
    if (now < period.startsAt || now >= period.endsAt) period = periodAt(per, now);
    return period;
  };
}
