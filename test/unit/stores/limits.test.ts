import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Limit, LimitAlgorithm } from '../../../src/contracts/store.ts';
import { MemoryCounters } from '../../../src/stores/memory/counters.ts';

const WINDOW = 1000;

function limited(algorithm: LimitAlgorithm, limit: number, burst = limit) {
  const time = { now: 1_700_000_000_000 };
  const counters = new MemoryCounters({ now: () => time.now, journal: true });
  const one: Limit = { key: 'k', algorithm, limit, windowMs: WINDOW, burst };
  const state = (cost: number) =>
    counters.take('s', [one], cost)[0] ?? { remaining: -1, resetMs: -1, waitMs: -1 };
  return { time, counters, state, passes: () => state(1).waitMs === 0 };
}

/** Milliseconds between requests, with pauses long enough for windows to end. */
const waits = fc.array(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 300, max: 2500 })), {
  maxLength: 200,
  size: 'max',
});

/** When requests passed. */
function passedAt(algorithm: LimitAlgorithm, limit: number, burst: number, steps: number[]): number[] {
  const { time, passes } = limited(algorithm, limit, burst);
  const passed: number[] = [];
  for (const wait of steps) {
    time.now += wait;
    if (passes()) passed.push(time.now);
  }
  return passed;
}

const within = (times: number[], from: number, length: number): number =>
  times.filter((at) => at >= from && at < from + length).length;

it('no stretch of time as long as a sliding window ever sees more than the limit', () => {
  fc.assert(
    fc.property(waits, fc.integer({ min: 1, max: 12 }), (steps, limit) => {
      const passed = passedAt('sliding-window', limit, limit, steps);
      for (const from of passed) expect(within(passed, from, WINDOW)).toBeLessThanOrEqual(limit);
    }),
  );
});

it('no stretch of time ever sees more of a bucket than its burst and what came back meanwhile', () => {
  fc.assert(
    fc.property(
      waits,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 20 }),
      (steps, limit, burst) => {
        const passed = passedAt('token-bucket', limit, burst, steps);
        for (const length of [1, 100, WINDOW, 5 * WINDOW]) {
          for (const from of passed) {
            expect(within(passed, from, length)).toBeLessThanOrEqual(burst + (length * limit) / WINDOW);
          }
        }
      },
    ),
  );
});

it.each([
  'fixed-window',
  'sliding-window',
  'token-bucket',
] as const)('who waits as long as %s says passes, and nobody who waits less', (algorithm) => {
  fc.assert(
    fc.property(waits, fc.integer({ min: 1, max: 12 }), (steps, limit) => {
      const { time, state } = limited(algorithm, limit);
      for (const wait of steps) {
        time.now += wait;
        const { waitMs } = state(1);
        if (waitMs === 0) continue;
        time.now += waitMs - 1;
        expect(state(0).remaining).toBe(0);
        time.now += 1;
        expect(state(1).waitMs).toBe(0);
      }
    }),
  );
});

it('what slid out of a window has room again a tenth of a window later at most', () => {
  const { time, passes, state } = limited('sliding-window', 3);
  expect([passes(), passes(), passes(), passes()]).toEqual([true, true, true, false]);
  time.now += WINDOW - 1;
  expect(passes()).toBe(false);
  time.now += 1 + WINDOW / 10;
  expect(state(0).remaining).toBe(3);
});

it('a fixed window starts with the first request in it', () => {
  const { time, passes, state } = limited('fixed-window', 1);
  expect(passes()).toBe(true);
  time.now += WINDOW - 1;
  expect(state(1)).toEqual({ remaining: 0, resetMs: 1, waitMs: 1 });
  time.now += 1;
  expect(passes()).toBe(true);
});

it('a bucket of many small tokens gives out its last one too', () => {
  const { state } = limited('token-bucket', 7, 1_000_000);
  for (let taken = 0; taken < 1000; taken++) expect(state(1000).waitMs).toBe(0);
  expect(state(1).waitMs).toBeGreaterThan(0);
});

it.each([
  'fixed-window',
  'sliding-window',
  'token-bucket',
] as const)('a clock that is set back by an hour neither frees nor blocks: %s', (algorithm) => {
  const { time, passes } = limited(algorithm, 2);
  expect([passes(), passes(), passes()]).toEqual([true, true, false]);
  time.now -= 3_600_000;
  expect(passes()).toBe(false);
  time.now += 1.1 * WINDOW;
  expect(passes()).toBe(true);
});

it('changes of limits are told to the snapshot, refusals and reads are not', () => {
  const { counters, state } = limited('sliding-window', 1);
  state(0);
  expect(counters.takeChanges(10)).toEqual([]);
  state(1);
  expect(counters.takeChanges(10)).toHaveLength(1);
  state(1);
  expect(counters.takeChanges(10)).toEqual([]);
});
