import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Limit } from '../../../src/contracts/store.ts';
import { MemoryCounters } from '../../../src/stores/memory/counters.ts';
import { Deadlines } from '../../../src/stores/memory/deadlines.ts';

function counters(maxKeys: number) {
  const time = { now: 0 };
  return { time, counters: new MemoryCounters({ now: () => time.now, maxKeys, journal: true }) };
}

const value = (from: MemoryCounters, key: string) => from.add(key, 0, 1000).value;

it('holds no more keys than it may, and lets the oldest go', () => {
  const { counters: held } = counters(3);
  for (const key of ['a', 'b', 'c', 'd']) held.add(key, 1, 1000);
  expect(held.size).toBe(3);
  expect(['a', 'b', 'c', 'd'].map((key) => value(held, key))).toEqual([0, 1, 1, 1]);
});

it('lets windows that are over go before older ones that run', () => {
  const { counters: held, time } = counters(3);
  held.add('old', 1, 1000);
  held.add('over', 1, 10);
  held.add('young', 1, 1000);
  time.now = 10;
  held.add('new', 1, 1000);
  expect(['old', 'over', 'young', 'new'].map((key) => value(held, key))).toEqual([1, 0, 1, 1]);
});

it('clears windows that are over as others start, without waiting to be full', () => {
  const { counters: held, time } = counters(10_000);
  for (let at = 0; at < 1000; at++) held.add(`a${at}`, 1, 10);
  time.now = 10;
  for (let at = 0; at < 300; at++) held.add(`b${at}`, 1, 10);
  expect(held.size).toBe(300);
});

it('counts a restarted key as young', () => {
  const { counters: held, time } = counters(2);
  held.add('a', 1, 10);
  held.add('b', 1, 1000);
  time.now = 10;
  held.add('a', 1, 1000);
  held.add('c', 1, 1000);
  expect(['a', 'b', 'c'].map((key) => value(held, key))).toEqual([1, 0, 1]);
});

it('gives an hour back when the clock was set back by one', () => {
  const { counters: held, time } = counters(10);
  time.now = 3_600_000;
  held.add('a', 1, 1000);
  time.now = 0;
  expect(held.add('a', 1, 1000)).toEqual({ value: 2, resetMs: 1000 });
});

it('tells each change once, and again when it is given back', () => {
  const { counters: held } = counters(10);
  held.add('a', 1, 1000);
  held.add('b', 1, 1000);
  held.add('a', 1, 1000);
  held.add('a', 0, 1000);
  held.reset('b');
  held.reset('never');
  const changes = held.takeChanges(10);
  expect(changes).toEqual([
    { key: 'a', window: { key: 'a', value: 2, endsAt: 1000 } },
    { key: 'b', window: undefined },
  ]);
  expect(held.takeChanges(10)).toEqual([]);
  held.returnChanges(changes);
  expect(held.takeChanges(1)).toHaveLength(1);
  expect(held.takeChanges(10)).toHaveLength(1);
});

const quota = (subject: string, group = 'tenants', limit = 100): Limit => ({
  key: `${group}\n${subject}`,
  algorithm: 'fixed-window',
  limit,
  windowMs: 1_000_000,
  burst: limit,
});

it('a flood of one limit’s keys lets go of no other limit’s, and says that it lets go of its own', () => {
  const { counters: held } = counters(100);
  for (let i = 0; i < 30; i++) held.take('rate:orders', [quota('alice', 'consumers')], 1);
  for (let i = 0; i < 5; i++) held.take('rate:shop', [quota('acme')], 1);
  const told = Array.from({ length: 1_000 }, (_, i) => held.take('rate:shop', [quota(`random ${i}`)], 1));
  expect(held.take('rate:orders', [quota('alice', 'consumers')], 0)).toMatchObject([{ remaining: 70 }]);
  expect(held.size).toBe(101);
  expect(told.filter(([state]) => state?.forgot)).toHaveLength(901);
  expect(held.take('rate:shop', [quota('acme')], 0), 'nor of those that count more').toMatchObject([
    { remaining: 95 },
  ]);
});

it('agrees with a plain model, whatever the steps', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    by: fc.integer({ min: -3, max: 5 }),
    wait: fc.integer({ min: 0, max: 40 }),
    reset: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { counters: held, time } = counters(100);
      const model = new Map<string, { value: number; endsAt: number }>();
      for (const { key, by, wait, reset } of steps) {
        time.now += wait;
        if (reset && by === 0) {
          held.reset(key);
          model.delete(key);
        }
        let window = model.get(key);
        if (!window || window.endsAt <= time.now) {
          window = by > 0 ? { value: 0, endsAt: time.now + 100 } : undefined;
          if (window) model.set(key, window);
        }
        if (window) window.value = Math.max(0, window.value + by);
        const resetMs = window ? window.endsAt - time.now : 100;
        expect(held.add(key, by, 100)).toEqual({ value: window?.value ?? 0, resetMs });
      }
    }),
  );
});

it('takes deadlines in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 })), fc.boolean(), (ends, refill) => {
      const deadlines = new Deadlines<{ endsAt: number }>();
      const items = ends.map((endsAt) => ({ endsAt }));
      if (refill) deadlines.refill(items);
      else for (const item of items) deadlines.push(item);
      const taken: number[] = [];
      while (deadlines.size > 0) taken.push(deadlines.pop()?.endsAt ?? -1);
      expect(taken).toEqual(ends.toSorted((a, b) => a - b));
      expect(deadlines.pop()).toBeUndefined();
    }),
  );
});
