import { expect, it } from 'vitest';
import { axisRange, axisTime, count, usd } from '../../../src/console/app/lib/format.ts';

it('figures are written as English writes them, and in short from ten thousand on', () => {
  const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
  const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
  for (const value of [0, 3, -7, 12.34, 999.96, 1000, 1234.56, 9999, 9999.99, -4321])
    expect(count(value)).toBe(plain.format(value));
  for (const value of [10_000, 12_345, 999_400, 999_960, 1_000_000, 45_600_000, 7.2e9, 3e12, -56_789])
    expect(count(value)).toBe(short.format(value));
});

it('money is cents, and of what is less the figures that count', () => {
  const said = [0, 12.3, 1234, 0.5, 0.0123, 0.00234, 0.0000114, -0.00002, 1e-12].map(usd);
  expect(said.slice(0, 6)).toEqual(['$0.00', '$12.30', '$1234.00', '$0.5000', '$0.0123', '$0.0023']);
  expect(said.slice(6)).toEqual(['$0.000011', '$-0.000020', '$0.000000000']);
});

it('a chart’s axes are in UTC by the day of 24 hours, and begin at zero', () => {
  const at = Date.UTC(2026, 10, 29, 19, 17, 10);
  expect([10, 60, 86_400].map((step) => axisTime(at, step))).toEqual(['19:17:10', '19:17', '11-29']);
  expect(axisRange(0.5)[0]).toBe(0);
  expect(axisRange(0.5)[1]).toBeCloseTo(0.55);
  expect(axisRange(0)).toEqual([0, 1]);
});
