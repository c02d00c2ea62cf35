import { expect, it } from 'vitest';
import { EvenShare } from '../../../../src/record/signals/even-share.ts';

const START = 1_800_000_000_000;

/** How many of so many in each of the seconds were taken. */
function taken(share: EvenShare, seconds: readonly number[]): number[] {
  return seconds.map((count, second) => {
    const at = Array.from({ length: count }, (_, i) => START + second * 1000 + (i * 1000) / count);
    return at.filter((each) => share.takes(each)).length;
  });
}

it('takes everything while there are few', () => {
  expect(taken(new EvenShare(100), [100, 40, 100, 0, 7])).toEqual([100, 40, 100, 0, 7]);
});

it('of many takes what is due, from the second on that follows one with many', () => {
  const [first, second, third] = taken(new EvenShare(100), [400, 400, 1000]);

  expect(first).toBe(400);
  expect(second).toBe(100);
  expect(third).toBe(250);
});

it('those taken are spread over the second', () => {
  const share = new EvenShare(100);
  taken(share, [400]);
  const second = Array.from({ length: 400 }, (_, i) => share.takes(START + 1000 + i * 2.5));

  const quarters = [0, 1, 2, 3].map((at) => second.slice(at * 100, at * 100 + 100).filter(Boolean).length);

  expect(quarters).toEqual([25, 25, 25, 25]);
});

it('is generous again once there are few', () => {
  const [, , last] = taken(new EvenShare(100), [400, 50, 60]);

  expect(last).toBe(60);
});

it('a clock that goes back by an hour takes nothing away', () => {
  const share = new EvenShare(100);
  taken(share, [80]);

  expect(share.takes(START - 3_600_000)).toBe(true);
});
