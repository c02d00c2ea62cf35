import { expect, test } from 'vitest';
import { interval, spread, verdictOn } from '../../../bench/harness/statistics.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => n - i);

test('the interval of five rounds is their whole range, and holds the median fifteen times in sixteen', () => {
  expect(interval([3, 1, 5, 2, 4])).toEqual({ median: 3, low: 1, high: 5, confidence: 0.9375 });
});

test('more rounds leave out as many extremes as the confidence allows', () => {
  // 1 − 2·(1 + 8)/2⁸: without the ends of eight it would be 0.9297.
  expect(interval(upTo(8))).toMatchObject({ median: 4.5, low: 1, high: 8 });
  // 1 − 2·(1 + 9)/2⁹
  expect(interval(upTo(9))).toMatchObject({ median: 5, low: 2, high: 8, confidence: 1 - 20 / 512 });
  // 1 − 2·(1 + 20 + 190 + 1140 + 4845 + 15504)/2²⁰
  expect(interval(upTo(20))).toMatchObject({ low: 6, high: 15, confidence: 1 - (2 * 21_700) / 2 ** 20 });
});

test('below five rounds the confidence says that there is nothing to rely on, and so does the verdict', () => {
  expect(interval([2, 1])).toEqual({ median: 1.5, low: 1, high: 2, confidence: 0.5 });
  expect(interval([7])).toMatchObject({ low: 7, high: 7, confidence: 0 });
  expect(verdictOn(interval([1, 2, 3, 4]))).toBe('too few rounds');
});

test('a spread keeps its values in the order of the rounds', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, values: [4, 1, 3, 2] });
  expect(spread([]).median).toBeNaN();
});
