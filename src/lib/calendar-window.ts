import { parseDuration } from './duration.ts';

/** A window's length: milliseconds, or a month of the calendar. */
export type WindowLength = number | 'month';

export interface CalendarWindow {
  /** Milliseconds since the epoch. */
  readonly startsAt: number;
  readonly endsAt: number;
}

/**
 * The window that `now` lies in. All replicas agree on it without asking one another: windows begin at whole multiples
 * of their length since 1970 (UTC), so that `1d` is a day of UTC, and `month` is a month of UTC.
 */
export function windowAt(length: WindowLength, now: number): CalendarWindow {
  if (length === 'month') {
    const date = new Date(now);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { startsAt: Date.UTC(year, month), endsAt: Date.UTC(year, month + 1) };
  }
  const startsAt = Math.floor(now / length) * length;
  return { startsAt, endsAt: startsAt + length };
}

/** `1h`, `7d`, `month`; undefined for anything else and for less than a second. */
export function parseWindowLength(text: string): WindowLength | undefined {
  if (text === 'month') return text;
  const ms = parseDuration(text);
  return ms !== undefined && ms >= 1000 && Number.isInteger(ms) ? ms : undefined;
}
