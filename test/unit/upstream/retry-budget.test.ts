import { expect, it } from 'vitest';
import { RetryBudget } from '../../../src/upstream/retry-budget.ts';

/** As many as it grants now. */
function granted(budget: RetryBudget, share: number): number {
  let count = 0;
  while (budget.take(share) !== undefined) count++;
  return count;
}

it('grants a share of the requests of the last ten seconds', () => {
  let now = 0;
  const budget = new RetryBudget(() => now);
  for (let i = 0; i < 100; i++) budget.count();
  expect(granted(budget, 0.2)).toBe(20);
  now = 9_000;
  for (let i = 0; i < 50; i++) budget.count();
  expect(granted(budget, 0.2), 'of 150, 20 are taken').toBe(10);
  now = 10_500;
  expect(granted(budget, 0.2), 'the first 100 and their 20 are over: 50, of which 10 are taken').toBe(0);
  now = 60_000;
  expect(granted(budget, 0.2), 'the floor').toBe(3);
});

it('a few are granted in a quiet hour, too, unless there is no budget at all', () => {
  const budget = new RetryBudget(() => 5_000);
  budget.count();
  expect(granted(budget, 0)).toBe(0);
  expect(granted(budget, 0.01)).toBe(3);
});

it('what is given back is given to the second in which it was taken, as long as that counts', () => {
  let now = 0;
  const budget = new RetryBudget(() => now);
  const taken = budget.take(0.2);
  expect([taken, granted(budget, 0.2)]).toEqual([0, 2]);
  now = 3_000;
  budget.giveBack(taken as number);
  expect(granted(budget, 0.2)).toBe(1);
  now = 10_000;
  expect(granted(budget, 0.2), 'two of the floor are over, one was taken in the fourth second').toBe(2);
  budget.giveBack(taken as number);
  expect(granted(budget, 0.2), 'its second is another one by now').toBe(0);
});
