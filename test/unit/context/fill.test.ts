import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fill } from '../../../src/context/recall/fill.ts';

test('the latest passages and the wanted ones, in the order in which they were said', () => {
  const tokens = [10, 10, 10, 10, 10, 10];
  expect(fill({ tokens, ranked: [1, 3], budget: 1000, tail: 2 })).toEqual([1, 3, 4, 5]);
});

test('a short budget is for what was asked: the tail takes 15 % of it at most', () => {
  const tokens = [10, 10, 10, 10, 10, 10];
  expect(fill({ tokens, ranked: [0, 1, 2], budget: 40, tail: 3 })).toEqual([0, 1, 2]);
});

test('one that does not fit leaves its room to the next', () => {
  expect(fill({ tokens: [500, 20, 20], ranked: [0, 1], budget: 50, tail: 0 })).toEqual([1]);
});

test('whatever is asked for, the budget holds and nothing is said twice', () => {
  const tokens = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 50, size: 'max' });
  fc.assert(
    fc.property(
      tokens,
      fc.integer({ min: 0, max: 2000 }),
      fc.nat(20),
      fc.array(fc.nat(49), { maxLength: 50, size: 'max' }),
      (costs, budget, tail, wanted) => {
        const ranked = wanted.filter((position) => position < costs.length);
        const chosen = fill({ tokens: costs, ranked, budget, tail });
        expect(chosen.reduce((sum, position) => sum + (costs[position] as number), 0)).toBeLessThanOrEqual(
          budget,
        );
        expect(new Set(chosen).size).toBe(chosen.length);
        expect([...chosen].sort((a, b) => a - b)).toEqual(chosen);
      },
    ),
  );
});
