import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StateChange } from '../../../src/contracts/state-change.ts';
import { Pressure } from '../../../src/server/pressure.ts';

const told: StateChange[] = [];
let pressure: Pressure;
const memory = { rss: 300 * 1024 ** 2, heapUsed: 100 * 1024 ** 2 };
beforeEach(() => {
  vi.useFakeTimers();
  told.length = 0;
  pressure = new Pressure({
    inFlight: () => 7,
    onChange: (change) => told.push(change),
    memory: () => memory,
  });
});
afterEach(() => {
  pressure.close();
  vi.useRealTimers();
});

const said = (): string[] => told.map(({ from, to }) => `${from} → ${to}`);

it('shedding is told when it begins and when it gets worse, not for each request', () => {
  for (let i = 0; i < 1000; i++) pressure.noteShed('low');
  expect(said()).toEqual([]);
  vi.advanceTimersByTime(500);
  pressure.noteShed('low');
  vi.advanceTimersByTime(500);
  expect(said()).toEqual(['none → low']);
  expect(told[0]).toMatchObject({ kind: 'shedding', subject: 'gateway', by: 'gateway' });
  expect(told[0]?.reason).toContain('7 requests in flight');
  expect(told[0]?.reason).toContain('300 MB resident, 100 MB of them heap');

  pressure.noteShed('low');
  pressure.noteShed('high');
  pressure.noteShed('normal');
  vi.advanceTimersByTime(500);
  expect(said()).toEqual(['none → low', 'low → high']);
});

it('shedding is over after five quiet seconds, so that it does not flap', () => {
  pressure.noteShed('normal');
  vi.advanceTimersByTime(500);
  vi.advanceTimersByTime(4_500);
  pressure.noteShed('normal');
  vi.advanceTimersByTime(4_500);
  expect(said()).toEqual(['none → normal']);
  vi.advanceTimersByTime(1_000);
  expect(said()).toEqual(['none → normal', 'normal → none']);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(2);
});
