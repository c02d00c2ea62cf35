import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Outbox, Undelivered } from '../../../src/lib/outbox.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function outbox(options: { most?: number; batch?: number } = {}) {
  const delivered: number[][] = [];
  const dropped: number[] = [];
  const failures: string[] = [];
  const place = { isUp: true };
  const box = new Outbox<number>({
    deliver: async (batch) => {
      if (!place.isUp) throw new Error('away');
      delivered.push([...batch]);
    },
    onFailure: (error, waiting) => void failures.push(`${error.message} ${waiting}`),
    onDropped: (item) => void dropped.push(item),
    everyMs: 20,
    batch: options.batch ?? 3,
    most: options.most ?? 100,
  });
  return { box, delivered, dropped, failures, place };
}

it('what comes within the time goes together, in order, in batches', async () => {
  const { box, delivered } = outbox();
  for (let i = 0; i < 5; i++) box.push(i);
  expect(delivered).toEqual([]);
  await vi.advanceTimersByTimeAsync(21);
  expect(delivered).toEqual([
    [0, 1, 2],
    [3, 4],
  ]);
  box.push(5);
  await vi.advanceTimersByTimeAsync(20);
  expect(delivered.at(-1)).toEqual([5]);
});

it('what could not be delivered is delivered later, before what came meanwhile', async () => {
  const { box, delivered, failures, place } = outbox();
  place.isUp = false;
  box.push(1);
  await vi.advanceTimersByTimeAsync(20);
  box.push(2);
  expect(failures).toEqual(['away 1']);
  expect(await box.flush()).toBe(false);
  place.isUp = true;
  await vi.advanceTimersByTimeAsync(600);
  expect(delivered).toEqual([[1, 2]]);
});

it('beyond its size the oldest go, and are told', async () => {
  const { box, delivered, dropped } = outbox({ most: 3 });
  for (let i = 0; i < 5; i++) box.push(i);
  expect(dropped).toEqual([0, 1]);
  expect(await box.close()).toBe(0);
  expect(delivered).toEqual([[2, 3, 4]]);
});

it('closing says how much never arrived', async () => {
  const { box, place } = outbox();
  place.isUp = false;
  for (let i = 0; i < 5; i++) box.push(i);
  expect(await box.close()).toBe(5);
});

it('of a batch of which some was delivered only the rest is sent again', async () => {
  const delivered: number[] = [];
  const failures: string[] = [];
  let isWhole = false;
  const box = new Outbox<number>({
    deliver: async (batch) => {
      const left = isWhole ? [] : batch.filter((item) => item % 2 === 0);
      delivered.push(...batch.filter((item) => !left.includes(item)));
      if (left.length > 0) throw new Undelivered(left, new Error('even'));
    },
    onFailure: (error, waiting) => void failures.push(`${error.message} ${waiting}`),
    onDropped: () => undefined,
    everyMs: 20,
    batch: 5,
    most: 100,
  });
  for (let i = 0; i < 5; i++) box.push(i);
  expect(await box.flush()).toBe(false);
  isWhole = true;
  expect(await box.flush()).toBe(true);
  expect([delivered, failures]).toEqual([[1, 3, 0, 2, 4], ['even 3']]);
});
