/** How figures and times are written, everywhere alike. */

const UNITS = [
  [1e3, 'K'],
  [1e6, 'M'],
  [1e9, 'B'],
  [1e12, 'T'],
] as const;

/** 1,234.5 and, from ten thousand on, 12.3K. Not by Intl: it takes tens of milliseconds to load, before a view can be asked for. */
export function count(value: number): string {
  if (Math.abs(value) < 10_000) return tenths(value).replace(/(\d)(\d{3})(?!\d)/, '$1,$2');
  // 999,960 is a million in short.
  const [unit, name] =
    UNITS.find(([each]) => Math.abs(Number(tenths(value / each))) < 1_000) ?? (UNITS[3] as (typeof UNITS)[3]);
  return `${tenths(value / unit)}${name}`;
}

const tenths = (value: number): string => String(Number(value.toFixed(1)));

/** 0.1024 → 10.2 %, 0.0004 → 0.04 % */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value === 0 || Math.abs(value) >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))} %`;
}

/** Milliseconds as people say them. */
export function duration(ms: number): string {
  if (ms < 1) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Number((ms / 3_600_000).toFixed(1))} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** $12.30, $0.0123, and two figures of what is less than that: a call of a small model costs $0.000011. */
export function usd(value: number): string {
  const size = Math.abs(value);
  const digits =
    size === 0 || size >= 1 ? 2 : size >= 0.001 ? 4 : Math.min(9, 1 - Math.floor(Math.log10(size)));
  return `$${value.toFixed(digits)}`;
}

/** 10:02:11, with the day in front where it is not today. */
function timeOfDay(at: number, now: number): string {
  const [day = '', time = ''] = new Date(at).toISOString().split('T');
  const today = new Date(now).toISOString().slice(0, 10);
  return `${day === today ? '' : `${day} `}${time.slice(0, 8)}`;
}

export const utc = (at: number, now: number = Date.now()): string => `${timeOfDay(at, now)} UTC`;

/** As clocks show it where one is, with the offset: 15:32:11 GMT+0530. Not by Intl, whose data take 10 ms to load. */
export function local(at: number, now: number = Date.now()): string {
  const shifted = (time: number): number => time - new Date(time).getTimezoneOffset() * 60_000;
  // Of `Sun Nov 29 2026 15:32:11 GMT+0530 (India Standard Time)` the offset.
  return `${timeOfDay(shifted(at), shifted(now))} ${new Date(at).toString().slice(25, 33)}`;
}

/** How long ago, or in how long. */
export function ago(at: number, now: number = Date.now()): string {
  const ms = now - at;
  return ms >= 0 ? `${duration(ms)} ago` : `in ${duration(-ms)}`;
}

/** A time on the axis of a chart, in UTC. @param step between two of them, seconds */
export function axisTime(at: number, step: number): string {
  const text = new Date(at).toISOString();
  return step < 60 ? text.slice(11, 19) : step < 86_400 ? text.slice(11, 16) : text.slice(5, 10);
}

/** From zero to a little above the highest; where all is zero, to one. */
export const axisRange = (highest: number): [number, number] => [0, highest > 0 ? highest * 1.1 : 1];
