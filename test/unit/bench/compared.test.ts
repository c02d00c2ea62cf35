import { expect, test } from 'vitest';
import { compared } from '../../../bench/harness/compare.ts';
import { difference } from '../../../bench/harness/wording.ts';

test('what differs in every round is different although noise takes a figure of the other below zero', () => {
  const told = compared('gateway', 'nginx', [1, 1, 1, 1, 1], [0.1, -0.1, 0.2, 0.3, 0.2]);
  expect(told.verdict).toBe('different');
  expect(told.added).toMatchObject({ median: 0.8, low: 0.7, high: 1.1 });
  expect(told.ratio.median).toBeNaN();
  expect(difference(told)).toEqual(['gateway ÷ nginx', '–', '+0.80 (0.70–1.10)']);
});

test('what the other is beside by noise only is no difference, with or without a ratio', () => {
  const noise = compared('gateway', 'nginx', [0.1, 0.2, 0.1, -0.1, 0.1], [0.2, 0.1, 0.1, 0.1, -0.1]);
  expect(difference(noise)).toEqual(['gateway ÷ nginx', '–', 'no difference (within ±0.20)']);
  const near = compared('gateway', 'nginx', [9, 11, 10, 10, 10], [10, 10, 10, 10, 10]);
  expect(difference(near)).toEqual(['gateway ÷ nginx', '1.00 (0.90–1.10)', 'no difference (within ±1.00)']);
});

test('figures above zero have a ratio beside their difference', () => {
  const told = compared('gateway', 'nginx', [40, 42, 44, 46, 48], [20, 20, 20, 20, 20]);
  expect(difference(told)).toEqual(['gateway ÷ nginx', '2.20 (2.00–2.40)', '+24.0 (20.0–28.0)']);
});

test('fewer rounds than an interval needs say so', () => {
  expect(compared('gateway', 'nginx', [2, 2], [1, 1]).verdict).toBe('too few rounds');
});
