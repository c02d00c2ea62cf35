import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IsoTimes, upToThousandths } from '../../../src/lib/time-text.ts';

const asBefore = (value: number): string => String(Math.round(value * 1000) / 1000);

it.each([
  [0, '0'],
  [0.0004, '0'],
  [0.0005, '0.001'],
  [0.01, '0.01'],
  [0.5, '0.5'],
  [1, '1'],
  [1.001, '1.001'],
  [12.34, '12.34'],
  [100, '100'],
  [101.23456, '101.235'],
  [59_999.9996, '60000'],
  [9_999.9994, '9999.999'],
  [-1.5, '-1.5'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
])('%d with three digits at most is %s', (value, text) => {
  expect(upToThousandths(value)).toBe(text);
});

it('every number is written as String writes it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double(),
        fc.double({ min: 0, max: 1e6 }),
        fc.double({ min: 1e11, max: 1e16 }),
        fc.integer({ min: 0 }).map((n) => n / 1000),
      ),
      (value) => upToThousandths(value) === asBefore(value),
    ),
    { numRuns: 2_000 },
  );
});

it('every time is written as toISOString writes it, also when an earlier one comes behind a later', () => {
  const times = new IsoTimes();
  const near = fc.integer({ min: 0, max: 5_000 }).map((ms) => Date.UTC(2026, 10, 30, 23, 59, 57) + ms);
  fc.assert(
    fc.property(
      fc.oneof(
        near,
        fc.integer({ min: -8.64e15, max: 8.64e15 }),
        fc.double({ min: -1e13, max: 1e13, noNaN: true }),
      ),
      (time) => times.of(time) === new Date(time).toISOString(),
    ),
    { numRuns: 2_000 },
  );
  for (const none of [Number.NaN, 8.64e15 + 1_000]) expect(() => times.of(none)).toThrow(RangeError);
});
