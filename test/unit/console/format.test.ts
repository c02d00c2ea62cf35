import { expect, it } from 'vitest';
import { count } from '../../../src/console/app/lib/format.ts';

it('figures are written as English writes them, and in short from ten thousand on', () => {
  const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
  const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
  for (const value of [0, 3, -7, 12.34, 999.96, 1000, 1234.56, 9999, 9999.99, -4321])
    expect(count(value)).toBe(plain.format(value));
  for (const value of [10_000, 12_345, 999_400, 999_960, 1_000_000, 45_600_000, 7.2e9, 3e12, -56_789])
    expect(count(value)).toBe(short.format(value));
});
