import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/lib/duration.ts';

it.each([
  ['0s', 0],
  ['250ms', 250],
  ['1.5s', 1500],
  ['2.3m', 138_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['0.5ms', 0.5],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each([
  '',
  '5',
  's',
  '-1s',
  '1 s',
  '1S',
  '1.s',
  '1w',
  '1s1s',
  `${'9'.repeat(400)}d`,
  '1s\n',
])('%j is none', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

it('is written in the largest unit that keeps it whole', () => {
  expect([0, 250, 1000, 90_000, 60_000, 86_400_000].map(formatDuration)).toEqual([
    '0ms',
    '250ms',
    '1s',
    '90s',
    '1m',
    '1d',
  ]);
});
