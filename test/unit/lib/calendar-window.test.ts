import { expect, it } from 'vitest';
import { parseWindowLength, windowAt } from '../../../src/lib/calendar-window.ts';

const at = Date.parse('2028-02-29T23:59:59.999Z');
const iso = ({ startsAt, endsAt }: { startsAt: number; endsAt: number }) =>
  [startsAt, endsAt].map((time) => new Date(time).toISOString());

it('windows are those of the calendar, in UTC', () => {
  expect(iso(windowAt(86_400_000, at))).toEqual(['2028-02-29T00:00:00.000Z', '2028-03-01T00:00:00.000Z']);
  expect(iso(windowAt('month', at))).toEqual(['2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z']);
  expect(iso(windowAt('month', Date.parse('2026-12-31T12:00:00Z')))).toEqual([
    '2026-12-01T00:00:00.000Z',
    '2027-01-01T00:00:00.000Z',
  ]);
  expect(windowAt(60_000, at + 1).startsAt).toBe(at + 1);
});

it.each([
  ['1h', 3_600_000],
  ['month', 'month'],
  ['1s', 1_000],
  ['500ms', undefined],
  ['1.0005s', undefined],
  ['year', undefined],
])('%s → %s', (text, length) => {
  expect(parseWindowLength(text)).toBe(length);
});
