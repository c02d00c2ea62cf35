import { describe, expect, test } from 'vitest';
import { riseSince } from '../../../src/hypercare/detectors/change-point.ts';
import { ALARM, Cusum, nextDispersion } from '../../../src/hypercare/detectors/cusum.ts';
import { twoProportionZ, wilson } from '../../../src/hypercare/detectors/proportions.ts';
import { stability } from '../../../src/hypercare/detectors/stability.ts';
import { isStep, trendOf } from '../../../src/hypercare/detectors/trend.ts';
import { HyperLogLog } from '../../../src/lib/hyperloglog.ts';

describe('the Poisson CUSUM', () => {
  test('stays down while the rate is the usual one, and alarms soon after it doubles', () => {
    const cusum = new Cusum();
    for (let tick = 0; tick < 500; tick++) cusum.step(tick, tick % 5 === 0 ? 12 : 8, 1000, 0.01, 1);
    expect(cusum.sum).toBeLessThan(ALARM);
    let tick = 500;
    while (!cusum.isAlarm) cusum.step(tick++, 25, 1000, 0.01, 1);
    expect(tick - 500).toBeLessThanOrEqual(3);
  });

  test('does not take bursts that are usual for a rise', () => {
    const cusum = new Cusum();
    let dispersion = 1;
    for (let tick = 0; tick < 400; tick++) {
      const bad = tick % 10 === 0 ? 60 : 4;
      dispersion = Math.max(1, nextDispersion(dispersion, bad, 10));
      cusum.step(tick, bad, 1000, 0.01, dispersion);
    }
    expect(dispersion).toBeGreaterThan(5);
    expect(cusum.isAlarm).toBe(false);
  });
});

test('a rise is dated by the tick in which it began', () => {
  const bad = [1, 0, 2, 1, 0, 9, 11, 8, 10];
  expect(
    riseSince(
      bad,
      bad.map(() => 1),
    ),
  ).toBe(5);
  expect(riseSince([0, 0, 0], [1, 1, 1])).toBe(-1);
});

test('two proportions differ, or do not', () => {
  expect(twoProportionZ({ bad: 30, total: 100 }, { bad: 5, total: 300 })).toBeGreaterThan(4);
  expect(Math.abs(twoProportionZ({ bad: 3, total: 100 }, { bad: 9, total: 300 }))).toBeLessThan(0.01);
  expect(twoProportionZ({ bad: 0, total: 0 }, { bad: 9, total: 300 })).toBe(0);
  const [low, high] = wilson({ bad: 0, total: 20 });
  expect(low).toBe(0);
  expect(high).toBeGreaterThan(0.1);
});

test('a trend is seen through noise, and noise alone is none', () => {
  const wave = (i: number): number => Math.sin(i * 2.4) * 3;
  const rising = Array.from({ length: 45 }, (_, i) => i * 0.3 + wave(i));
  expect(trendOf(rising).z).toBeGreaterThan(4);
  expect(trendOf(rising).slope).toBeCloseTo(0.3, 1);
  expect(Math.abs(trendOf(Array.from({ length: 45 }, (_, i) => wave(i))).z)).toBeLessThan(2);
});

test('a histogram that moved is told from one that is only another sample', () => {
  const before = [100, 400, 300, 200];
  expect(stability([12, 38, 31, 19], before).index).toBeLessThan(stability([12, 38, 31, 19], before).bound);
  const moved = stability([60, 30, 8, 2], before);
  expect(moved.index).toBeGreaterThan(0.25);
  expect(moved.index).toBeGreaterThan(moved.bound);
});

test('different things are counted exactly while they are few, and within 5 % when they are many', () => {
  const some = new HyperLogLog();
  for (let i = 0; i < 1000; i++) some.add(i % 200);
  expect(some.count).toBe(200);
  const [left, right] = [new HyperLogLog(), new HyperLogLog()];
  for (let i = 0; i < 20_000; i++) (i % 2 === 0 ? left : right).add(Math.imul(i, 2_654_435_761));
  left.merge(right);
  expect(Math.abs(left.count - 20_000) / 20_000).toBeLessThan(0.1);
});

test('a level that jumps is a step wherever in the window it jumps, and what creeps is none, noise or not', () => {
  const noise = (i: number): number => 0.02 * Math.sin(7 * i * i);
  for (let at = 8; at <= 37; at++)
    expect(isStep(Array.from({ length: 45 }, (_, i) => (i < at ? 0 : 0.2) + noise(i)))).toBe(true);
  expect(isStep(Array.from({ length: 45 }, (_, i) => 0.006 * i + noise(i)))).toBe(false);
  expect(isStep(Array.from({ length: 45 }, (_, i) => 0.0002 * i * i + noise(i)))).toBe(false);
  expect(isStep([1, 2, 3])).toBe(false);
});
