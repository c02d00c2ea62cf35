import { expect, it } from 'vitest';
import { shareOf } from '../../../src/lib/share.ts';

const shares = (max: number, of: number): number[] =>
  Array.from({ length: of }, (_, place) => shareOf(max, { place, of }));

it('what workers let in adds up to what may run, and to one each where that is less', () => {
  expect(shares(7, 4)).toEqual([2, 2, 2, 1]);
  for (let max = 1; max < 40; max++)
    for (let of = 1; of <= 12; of++)
      expect(shares(max, of).reduce((sum, share) => sum + share, 0)).toBe(Math.max(max, of));
});
