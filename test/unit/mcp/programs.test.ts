import pino from 'pino';
import { expect, it } from 'vitest';
import type { McpServerConfig } from '../../../src/config/schema/index.ts';
import { Programs } from '../../../src/mcp/hosted/programs.ts';

function programs(max: number, now = () => performance.now(), share = { place: 0, of: 1 }) {
  const config = {
    command: ['some-server'],
    env: {},
    process: { max, restarts: 3, idle: 60_000 },
    results: { maxSize: 1000 },
  };
  const ports = { log: pino({ level: 'silent' }), clock: { monotonic: now }, share };
  return new Programs('some', config as unknown as McpServerConfig, ports);
}

it('two who come at once each get the place of one that waits', async () => {
  const some = programs(2);
  for (const principal of ['ada', 'bob']) {
    const { onEnd } = await some.open(principal);
    const end = async () => {
      some.idle.delete(end);
      onEnd(true);
    };
    some.idle.add(end);
  }
  await Promise.all(['cyd', 'dan'].map((principal) => some.open(principal)));
  expect([some.running, some.idle.size]).toEqual([2, 0]);
});

it('one of two who come for the last that waits has its place, the other waits for a busy one', async () => {
  const some = programs(2);
  const waiting = await some.open('ada');
  const busy = await some.open('bob');
  const end = async () => {
    some.idle.delete(end);
    waiting.onEnd(true);
  };
  some.idle.add(end);
  const opened = ['cyd', 'dan'].map((principal) => some.open(principal));
  await Promise.any(opened);
  busy.onEnd(true);
  await Promise.all(opened);
  expect(some.running).toBe(2);
});

it('who finds all busy for longer is told to come again, and leaves no place taken', async () => {
  let now = 0;
  const some = programs(1, () => now);
  const busy = await some.open('ada');
  const asked = some.open('bob');
  now += 60_000;
  await expect(asked).rejects.toMatchObject({
    code: 'mcp_process_unavailable',
    headers: { 'retry-after': '1' },
  });
  busy.onEnd(true);
  await some.open('bob');
  expect(some.running).toBe(1);
});

it('one that keeps ending by itself is not begun again before a minute is over', async () => {
  let now = 0;
  const some = programs(1, () => now);
  for (let ends = 0; ends < 4; ends++) (await some.open('ada')).onEnd(false);
  now += 20_000;
  await expect(some.open('ada')).rejects.toMatchObject({ headers: { 'retry-after': '40' } });
  now += 40_000;
  await some.open('ada');
  expect(some.running).toBe(1);
});

it('of what may run at once each of several processes has its part', async () => {
  let now = 0;
  const parts = [0, 1].map((place) => programs(3, () => now, { place, of: 2 }));
  const opened = await Promise.allSettled(
    parts.flatMap((part) =>
      ['ada', 'bob', 'cyd'].map(async (principal) => {
        const asked = part.open(principal);
        now += 60_000;
        return asked;
      }),
    ),
  );
  expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(parts.map(({ running }) => running)).toEqual([2, 1]);
});

it('how long one took to end for another is not the patience of who waits, whose place a third has taken', async () => {
  let now = 0;
  const some = programs(1, () => now);
  const waiting = await some.open('ada');
  let third: Promise<{ onEnd(wanted: boolean): void }> | undefined;
  const end = async () => {
    some.idle.delete(end);
    now += 60_000;
    waiting.onEnd(true);
    third = some.open('cyd');
  };
  some.idle.add(end);
  const asked = some.open('bob');
  await Promise.resolve();
  (await third)?.onEnd(true);
  await asked;
  expect(some.running).toBe(1);
});
