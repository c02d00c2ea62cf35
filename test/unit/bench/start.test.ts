import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { originOf, untilServes } from '../../../bench/harness/ask.ts';
import { bringUp } from '../../../bench/harness/ground.ts';
import type { Started } from '../../../bench/harness/processes.ts';
import { spread } from '../../../bench/harness/statistics.ts';
import { buildObstacle } from '../../../bench/load/built.ts';
import { POST_1KB } from '../../../bench/load/messages.ts';
import { ticked } from '../../../bench/load/start.ts';

/** A server that answers these in turn, and the last of them from then on. */
async function answering(...answers: [status: number, body: string][]) {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    const [status, body] = answers[Math.min(asked++, answers.length - 1)] as [number, string];
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const started: Started = {
    pid: process.pid,
    port: (server.address() as AddressInfo).port,
    assertAlive: () => undefined,
    stop: async () => undefined,
  };
  return { started, asked: () => asked };
}

const subjectOf = (started: Started) => ({
  name: 'gateway',
  what: '',
  missing: () => null,
  start: async () => started,
  servesWithinMs: 200,
});

test('what answers with an error or with something else has not started yet', async () => {
  const { started, asked } = await answering([404, ''], [200, 'not ready'], [200, POST_1KB.answer]);
  const site = { upstream: started, folder: tmpdir(), profileTo: undefined };
  const { origin, started: up } = await bringUp(
    site,
    { ...subjectOf(started), servesWithinMs: 60_000 },
    POST_1KB,
    'right',
  );
  await up.stop();
  expect(origin).toBe(originOf(started));
  expect(asked()).toBe(3);
});

test('what never gives the right answer does not serve, and its last answer says why', async () => {
  const { started } = await answering([404, 'no route']);
  const never = untilServes(subjectOf(started), started, POST_1KB, ({ status }) => status === 200);
  await expect(never).rejects.toThrow(/gateway does not serve: .*answered 404: no route/);
});

test('a time below the tick of the accounting is less than that, and not nothing', () => {
  expect(ticked(spread([0, 0, 0]), 10)).toBe('< 10');
  expect(ticked(spread([0, 0, 20]), 10)).toBe('< 10 (< 10–20.0)');
  expect(ticked(spread([40, 50, 70]), 10)).toBe('50.0 (40.0–70.0)');
});

test('what was built before its sources were changed is not measured as if it were them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'built-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [main, source] = [join(folder, 'main.js'), join(folder, 'main.ts')];
  writeFileSync(source, '');
  expect(buildObstacle(main, folder)).toBe('not built: npm run build');
  writeFileSync(main, '');
  utimesSync(source, 1_000, 1_000);
  expect(buildObstacle(main, folder)).toBeNull();
  utimesSync(main, 500, 500);
  expect(buildObstacle(main, folder)).toContain('built before its sources were changed');
});
