import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Bench, measure, windowSeconds } from '../../../bench/harness/measure.ts';

test('a window is as long as is wanted, or longer for who answers few, so that little is in flight at its end', () => {
  const after = (requests: number): number => windowSeconds(3, 64, { requests, seconds: 1 });
  expect(after(10_000)).toBe(3);
  expect(after(400)).toBe(6);
  expect(after(76)).toBe(20);
  expect(after(0)).toBe(20);
});

const ANSWER = '{"label":"answer"}';
const asked = { name: 'GET', method: 'GET', path: '/', headers: {}, body: '', answer: ANSWER };

/** A server that stands for the subject, with the process of somebody who does nothing. */
async function aSubject() {
  const server = createServer((_request, response) => response.end(ANSWER)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  onTestFinished(async () => {
    server.close();
    idle.kill();
    await once(idle, 'exit');
  });
  const { port } = server.address() as AddressInfo;
  const started = { pid: idle.pid ?? 0, port, assertAlive: () => undefined, stop: async () => undefined };
  return {
    subject: { name: 'subject', what: '', missing: () => null, start: async () => started },
    started,
    origin: `http://127.0.0.1:${port}`,
    asked: <T>(by: T): T => by,
  };
}

test('a window follows directly on a second that is not counted, and is measured in one go', async () => {
  const seconds: number[] = [];
  const alive = await aSubject();
  const bench: Bench = {
    generator: {
      name: 'by hand',
      async run(load) {
        seconds.push(load.seconds);
        const requests = 5_000 * load.seconds;
        return { requests, seconds: load.seconds, bytes: 1e9, p50: 1, p99: 2, failures: {} };
      },
    },
    upstream: alive.started,
    connections: 64,
    effort: { rounds: 5, seconds: 3, warmUpSeconds: 4, isSmoke: false },
    folder: '',
  };
  const window = await measure(bench, alive, asked);
  expect(seconds).toEqual([1, 3]);
  expect(window).toMatchObject({ requests: 15_000, requestsPerSecond: 5_000 });
});
