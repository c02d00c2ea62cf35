import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { busiest, LoadShare, loadsOwn } from '../../../bench/harness/load-share.ts';

/** Has a core for so many microseconds. */
function work(microseconds: number): void {
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    if (user + system >= microseconds) return;
  }
}

test('what this process has of a core is added up while it is watched, and at no other time', async () => {
  const [working, waiting] = [new LoadShare(), new LoadShare()];
  expect(working.share).toBeNaN();
  for (let turn = 0; turn < 3; turn++) {
    await working.during(async () => work(100_000));
    await waiting.during(() => sleep(100));
  }
  expect(working.share).toBeGreaterThan(waiting.share);
});

test('what fails while it is watched fails, and was watched', async () => {
  const load = new LoadShare();
  const failing = load.during(async () => {
    work(10_000);
    throw new Error('no answer');
  });
  await expect(failing).rejects.toThrow('no answer');
  expect(load.share).toBeGreaterThan(0);
});

const beside = (what: string, ...shares: number[]) => shares.map((share) => ({ what, share }));

test('a load with a full core at the median of the rounds is the bottleneck of who stands beside it', () => {
  const loads = [...beside('nginx', 0.95, 0.9, 0.2), ...beside('gateway', 0.95, 0.4, 0.5)];
  expect(loadsOwn(loads)).toEqual(['nginx']);
  expect(busiest('one client', loads)).toContain(
    'one client, had at most 90 % of a core (nginx) at the median',
  );
  expect(busiest('one client', [])).toContain('had nothing to do');
});
