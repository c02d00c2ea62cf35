import type { Measured } from '../../contracts/finding.ts';

/** `1,234` */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Three figures that count: 0.42, 10.2, 1,234. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return whole(value);
  return Number(value.toPrecision(size >= 10 ? 3 : 2)).toString();
}

/** A figure as people read it: `10.2 %`, `3.1 s`, `$ 4.20`. */
export function figure(value: number, unit: Measured['unit']): string {
  switch (unit) {
    case 'rate':
      return `${short(value * 100)} %`;
    case 'ms':
      return value >= 1000 ? `${short(value / 1000)} s` : `${short(value)} ms`;
    case 'usd':
      return `$${value.toFixed(value < 1 ? 4 : 2)}`;
    case 'tokens':
      return `${short(value)} tokens`;
    case 'count':
      return short(value);
  }
}

/** `40 s`, `5 min`, `3 h`, `2 d` */
export function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `10:42 UTC`; with its day where that is not the day of `beside`. */
export function clock(at: number, beside = at): string {
  const iso = new Date(at).toISOString();
  const time = `${iso.slice(11, 16)} UTC`;
  return iso.slice(0, 10) === new Date(beside).toISOString().slice(0, 10)
    ? time
    : `${iso.slice(0, 10)} ${time}`;
}

export const many = (count: number, one: string, more = `${one}s`): string =>
  `${whole(count)} ${count === 1 ? one : more}`;
