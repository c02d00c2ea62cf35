import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { brokenOf } from '../../../bench/load/open-loop.ts';
import { askedFor, behindOf, type Reloaded } from '../../../bench/load/reload.ts';

/** A server that says its revision. */
async function revised() {
  const state = { revision: 'revision-1', asked: 0, connections: 0 };
  const server = createServer((_, response) => {
    state.asked++;
    response.end(state.revision);
  });
  server.on('connection', () => state.connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { state, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('a window without a reload is asked for revisions as one with it is: until its end, each time on a new connection', async () => {
  const { state, origin } = await revised();
  const isOver = () => state.asked >= 5;
  await askedFor({ origin }, isOver, () => true);
  expect([state.asked, state.connections]).toEqual([5, 5]);
  Object.assign(state, { asked: 0, connections: 0, revision: 'revision-2' });
  await askedFor({ origin }, isOver, (body) => body === 'revision-2');
  expect([state.asked, state.connections]).toEqual([5, 5]);
});

test('a revision that does not serve when its window ends is asked for until it does', async () => {
  const { state, origin } = await revised();
  await askedFor(
    { origin },
    () => true,
    (body) => {
      if (state.asked === 3) state.revision = 'revision-2';
      return body === 'revision-2';
    },
  );
  expect(state.asked).toBe(4);
});

test('it serves from the first answer that says so, however long its window still is', async () => {
  const { state, origin } = await revised();
  let firstAt = Number.POSITIVE_INFINITY;
  const isOver = () => {
    if (state.asked === 1) firstAt = performance.now();
    return state.asked === 4;
  };
  expect(await askedFor({ origin }, isOver, () => true)).toBeLessThanOrEqual(firstAt);
});

const told = (sent: number, failures: Record<string, number> = {}) =>
  ({ planned: 1_000, sent, failures }) as Reloaded['told'];

test('a window in which the client sent less than 99 % of what was due is the load’s, and named', () => {
  const results = {
    nginx: [{ told: told(990), quiet: told(1_000) }],
    gateway: [
      { told: told(989), quiet: told(1_000) },
      { told: told(1_000), quiet: told(900) },
      { told: told(500), quiet: told(1_000) },
    ],
  };
  expect(behindOf(results)).toEqual([
    'gateway, with a reload (2 of 3 windows)',
    'gateway, without a reload (1 of 3 windows)',
  ]);
});

test('who is only slow has broken nothing', () => {
  expect(brokenOf(told(1_000, { unanswered: 3 }))).toBe(0);
  expect(brokenOf(told(1_000, { unanswered: 3, 'status 503': 2 }))).toBe(2);
});
