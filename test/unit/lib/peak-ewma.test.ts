import { expect, it } from 'vitest';
import { PeakEwma } from '../../../src/lib/peak-ewma.ts';

it('goes up at once, comes down with time, and forgets what is not measured', () => {
  const average = new PeakEwma();
  expect(average.at(0)).toBe(0);
  average.observe(20, 0);
  expect(average.at(0)).toBe(20);
  for (let i = 0; i < 4; i++) average.observe(2_000, 0);
  const peak = average.at(0);
  expect(peak).toBeGreaterThan(1_300);
  average.observe(20, 1);
  expect(average.at(1), 'one quick answer does not clear it').toBeGreaterThan(peak * 0.9);
  for (let now = 0; now < 30_000; now += 100) average.observe(20, now);
  expect(average.at(30_000)).toBeLessThan(30);
  expect(average.at(60_000)).toBeLessThan(1);
});

it('a failure is slow, however fast it came, and each one slower', () => {
  const average = new PeakEwma();
  average.observe(20, 0);
  average.failed(1, 0);
  const once = average.at(0);
  expect(once).toBeGreaterThan(60);
  average.failed(1, 0);
  expect(average.at(0)).toBeGreaterThan(once * 3);
  for (let i = 0; i < 10_000; i++) average.failed(1, 0);
  expect(average.at(0), 'however many').toBeLessThanOrEqual(60_000);
  expect(average.at(60_000)).toBeLessThan(1);
  const fresh = new PeakEwma();
  fresh.failed(1, 0);
  expect(fresh.at(0)).toBeGreaterThan(90);
});

it('who is asked and gives nothing to measure does not look quicker for it', () => {
  const average = new PeakEwma();
  average.observe(100, 0);
  average.hold(60_000);
  expect(average.at(60_000)).toBe(100);
  expect(average.at(120_000)).toBeLessThan(1);
  const fresh = new PeakEwma();
  fresh.hold(60_000);
  expect(fresh.at(60_000), 'nothing was measured yet').toBe(0);
});

it('what failures have put on top fades, also while nothing is measured', () => {
  const average = new PeakEwma();
  average.observe(100, 0);
  for (let i = 0; i < 4; i++) average.failed(5, 0);
  expect(average.at(0)).toBeGreaterThan(5_000);
  average.hold(20_000);
  expect(average.at(20_000)).toBeLessThan(1_000);
  average.hold(60_000);
  expect(average.at(60_000)).toBe(100);
});

it('who gave up waiting says that it took at least as long', () => {
  const average = new PeakEwma();
  average.observe(100, 0);
  average.tookAtLeast(50, 0);
  expect(average.at(0)).toBe(100);
  average.tookAtLeast(1_000, 0);
  expect(average.at(0)).toBeGreaterThan(300);
});
