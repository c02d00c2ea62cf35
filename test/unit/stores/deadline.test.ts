import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Calls } from '../../../src/stores/redis/calls.ts';
import { Circuit } from '../../../src/stores/redis/circuit.ts';
import { Transitions } from '../../../src/stores/transitions.ts';

const MB = 1_000_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function calling() {
  const line = { received: 0 };
  const circuit = new Circuit(new Transitions(), () => performance.now());
  const calls = new Calls('a store', circuit, 50, () => line.received);
  /** After how many milliseconds a call fails, by tens; undefined: it does not within `withinMs`. */
  const failsAfter = async (
    bytes: number,
    withinMs: number,
    each: (ms: number) => unknown = () => undefined,
  ) => {
    let failed = false;
    calls
      .make(() => new Promise(() => undefined), bytes)
      .catch(() => {
        failed = true;
      });
    for (let ms = 10; ms <= withinMs; ms += 10) {
      each(ms);
      await vi.advanceTimersByTimeAsync(10);
      if (failed) return ms;
    }
    return undefined;
  };
  return { calls, line, failsAfter };
}

it('a small call has the time that is configured, one of many megabytes a tenth of a second more for each', async () => {
  expect(await calling().failsAfter(0, 1000)).toBeLessThanOrEqual(70);
  const after = await calling().failsAfter(8 * MB, 2000);
  expect(after).toBeGreaterThan(800);
  expect(after).toBeLessThanOrEqual(900);
});

it('no call has more than ten seconds for its bytes', async () => {
  const after = await calling().failsAfter(1000 * MB, 20_000);
  expect(after).toBeGreaterThan(10_000);
  expect(after).toBeLessThanOrEqual(10_100);
});

it('who comes behind a large call has its time too, until that has its answer, however long it was waited for', async () => {
  const { calls, failsAfter } = calling();
  const { promise, resolve } = Promise.withResolvers<void>();
  const large = calls.make(() => promise, 5 * MB).catch(() => 'late');
  await vi.advanceTimersByTimeAsync(700);
  expect(await large).toBe('late');
  expect(await failsAfter(0, 1000)).toBeGreaterThan(500);
  resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(await failsAfter(0, 1000)).toBeLessThanOrEqual(70);
});

it('an answer that is coming is waited for, as long as it comes fast enough', async () => {
  const { line, failsAfter } = calling();
  const receive = (bytes: number) => () => {
    line.received += bytes;
  };
  // 20 MB a second, then nothing more.
  const long = await failsAfter(0, 2000, (ms) => ms <= 500 && receive(0.2 * MB)());
  expect(long).toBeGreaterThan(1000);
  expect(long).toBeLessThanOrEqual(1100);
  // 1 MB a second.
  expect(await failsAfter(0, 2000, receive(0.01 * MB))).toBeLessThanOrEqual(80);
});
