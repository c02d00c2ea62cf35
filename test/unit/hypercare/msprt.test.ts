import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/demo/seeded.ts';
import { ALPHA, lineOf, targetOf, test } from '../../../src/hypercare/verification/msprt.ts';

const broken = 0.102;
const target = targetOf(broken, 0.004);
const settings = { broken, target };

/** Looks after every ten requests, as a tick would, until it is decided. */
function run(rate: number, random: () => number, most = 5000): { state: string; total: number } {
  let bad = 0;
  for (let total = 1; total <= most; total++) {
    if (random() < rate) bad++;
    if (total % 10 !== 0) continue;
    const { state } = test(bad, total, settings);
    if (state !== 'inconclusive') return { state, total };
  }
  return { state: 'inconclusive', total: most };
}

function share(rate: number, state: string, runs = 200): number {
  const random = seededRandom('shares');
  const ends = Array.from({ length: runs }, () => run(rate, random));
  return ends.filter((end) => end.state === state).length / runs;
}

it('a fix that works is proven, and one that does nothing is found out', () => {
  expect(share(0.003, 'fixed')).toBeGreaterThan(0.97);
  expect(share(broken, 'not-fixed')).toBe(1);
});

it('what is no fix passes for one at most once in a hundred, however often one looks', () => {
  expect(share(lineOf(settings), 'fixed', 500)).toBeLessThanOrEqual(ALPHA * 2);
  expect(share(0.05, 'fixed')).toBeLessThanOrEqual(ALPHA);
});

it('half a fix is none: what stays far above usual is never called fixed', () => {
  expect(share(0.06, 'not-fixed')).toBe(1);
});

it('says how many requests it still needs, about rightly, and less as they come', () => {
  const first = test(0, 0, settings).requestsNeeded as number;
  const later = test(0, 100, settings).requestsNeeded as number;
  expect(first).toBeGreaterThan(later);
  const random = seededRandom('needed');
  const mean = Array.from({ length: 200 }, () => run(0.003, random).total).reduce((a, b) => a + b) / 200;
  expect(first).toBeGreaterThan(mean / 3);
  expect(first).toBeLessThan(mean * 3);
});

it('nothing usual, a rate of one and no requests at all are no reason to fail', () => {
  expect(targetOf(1, 0)).toBeCloseTo(0.02);
  expect(test(0, 0, { broken: 1, target: 0.02 }).state).toBe('inconclusive');
  expect(test(100, 100, { broken: 1, target: 0.02 }).state).toBe('not-fixed');
  expect(Number.isFinite(test(100_000, 100_000, settings).forBroken)).toBe(true);
});

it('what was broken by little is proven below that, not below half as much again as usual', () => {
  for (const [rate, usual] of [
    [0.013, 0.01],
    [0.019, 0.01],
    [0.1, 0.01],
  ] as const) {
    const aim = { broken: rate, target: targetOf(rate, usual) };
    expect(lineOf(aim)).toBeGreaterThan(usual);
    expect(lineOf(aim)).toBeLessThan(rate);
    expect(test(Math.round(rate * 1e6), 1e6, aim).state).toBe('not-fixed');
  }
});
