import { expect, it } from 'vitest';
import { Rendezvous } from '../../../src/lib/rendezvous.ts';

const KEYS = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `http://10.0.0.${i}:80`);

const choices = (of: string[], weights: number[]): number[] => {
  const rendezvous = new Rendezvous(of, weights);
  return KEYS.map((key) => rendezvous.choose(key));
};

it.each([
  [[1, 1, 1, 1, 1]],
  [[5, 3, 2]],
  [[95, 5]],
  [[10, 10, 1]],
  [[3, 0]],
])('keys are shared by weight: %j', (weights) => {
  const chosen = choices(names(weights.length), weights);
  const total = weights.reduce((a, b) => a + b);
  for (const [i, weight] of weights.entries())
    expect(chosen.filter((each) => each === i).length / KEYS.length).toBeCloseTo(weight / total, 1.7);
});

it('the last choice is the same in every version: replicas of two versions agree', () => {
  expect(choices(names(5), [1, 1, 1, 1, 1]).slice(0, 12).join('')).toMatchInlineSnapshot(`"042242444443"`);
});

it('when one of n goes, only its own keys move, evenly to the others', () => {
  const all = names(5);
  const before = choices(all, [1, 1, 1, 1, 1]).map((i) => all[i]);
  const left = all.filter((_, i) => i !== 2);
  const after = choices(left, [1, 1, 1, 1]).map((i) => left[i]);
  const moved = KEYS.map((_, i) => i).filter((i) => before[i] !== after[i]);
  expect(moved.every((i) => before[i] === all[2])).toBe(true);
  expect(moved.length / KEYS.length).toBeCloseTo(0.2, 1.7);
  for (const name of left)
    expect(moved.filter((i) => after[i] === name).length / moved.length).toBeCloseTo(0.25, 1.5);
});

it('when a weight grows, keys move to it alone', () => {
  const before = choices(names(3), [10, 10, 1]);
  const after = choices(names(3), [10, 10, 10]);
  const moved = KEYS.map((_, i) => i).filter((i) => before[i] !== after[i]);
  expect(moved.every((i) => after[i] === 2)).toBe(true);
});

it('a closed member’s keys go where they would go without it; with none open there is no choice', () => {
  const rendezvous = new Rendezvous(names(4), [1, 1, 1, 1]);
  const without = new Rendezvous(names(3), [1, 1, 1]);
  for (const key of KEYS.slice(0, 500))
    expect(rendezvous.choose(key, (i) => i < 3)).toBe(without.choose(key));
  expect(rendezvous.choose('x', () => false)).toBe(-1);
  expect(new Rendezvous([], []).choose('x')).toBe(-1);
});
