import { expect, it } from 'vitest';
import { forecast, outliers } from '../../../src/console/app/lib/forecast.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const days = (from: number, usd: readonly number[]): [string, number][] =>
  usd.map((each, n) => [`2026-11-${String(from + n).padStart(2, '0')}`, each]);

it('a month goes on as its last seven whole days did', () => {
  const spent = new Map([
    ...days(1, Array(12).fill(1)),
    ...days(13, [2, 2, 2, 2, 2, 2, 9]),
    ['2026-11-20', 1] as const,
  ]);
  const ahead = forecast(new Map([['2026-10-31', 500], ...spent]), NOON);
  expect(ahead).toMatchObject({ soFar: 34, days: 7, end: Date.parse('2026-12-01T00:00:00Z') });
  // Ten and a half days are left, at three dollars each; at two, or at nine.
  expect([ahead.atEnd, ahead.least, ahead.most]).toEqual([34 + 31.5, 34 + 21, 34 + 94.5]);
});

it('on the first day its own rate is all there is; a day without a call counts as one', () => {
  expect(forecast(new Map([['2026-11-20', 5]]), NOON)).toMatchObject({
    soFar: 5,
    atEnd: 5 + 10 * 10.5,
    days: 0,
  });
  expect(forecast(new Map([['2026-11-18', 4]]), NOON)).toMatchObject({ days: 2, atEnd: 4 + 2 * 10.5 });
});

it('who spends three times the median of the days before stands out, whoever is new or cheap does not', () => {
  const rows = (name: string, usd: readonly number[]) =>
    days(13, usd).map(([day, each]) => ({ name, day, usd: each }));
  expect(
    outliers([...rows('steady', [2, 2, 2, 2]), ...rows('wild', [1, 1, 2, 1, 30]), ...rows('new', [1, 90])]),
  ).toEqual([{ name: 'wild', day: '2026-11-17', usd: 30, usual: 1 }]);
  expect(outliers(rows('cheap', [0.0001, 0.0001, 0.0001, 0.005]))).toEqual([]);
});
