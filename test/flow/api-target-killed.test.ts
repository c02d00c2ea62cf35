import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call, rawClient } from '../helpers/raw-http.ts';

const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    if (request.url === '/stream') {
      response.setHeader('content-type', 'text/event-stream');
      response.write('data: begun ' + process.pid + '\\n\\n');
      let sent = 0;
      setInterval(() => response.write('data: event ' + sent++ + '\\n\\n'), 20);
    }
    else setTimeout(() => response.end('well'), 5);
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port) + '\\n'));
`;

const eventsIn = (text: string): number[] =>
  [...text.matchAll(/data: event (\d+)\n\n/g)].map(([, n]) => Number(n));

async function target(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [port] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, url: `http://127.0.0.1:${port.toString().trim()}` };
}

it('kill -9 of one of four targets under load: no GET fails, and only the streams on it end', async () => {
  const targets = await Promise.all(Array.from({ length: 4 }, target));
  const gateway = await testGateway({
    upstreams: {
      up: {
        targets: targets.map(({ url }) => ({ url })),
        retry: { attempts: 3, on: ['connect', 'reset'], budget: '50%' },
        outlier: { consecutiveFailures: 3, eject: '30s' },
      },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const streams = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const client = await rawClient(gateway.url);
      client.send('GET /stream HTTP/1.1\r\nhost: a\r\n\r\n');
      const [, pid] = /begun (\d+)/.exec(await client.until('begun ')) ?? [];
      return { client, pid: Number(pid) };
    }),
  );
  let isOver = false;
  const statuses = new Map<number, number>();
  const load = Array.from({ length: 16 }, async () => {
    while (!isOver) {
      const { status } = await call(gateway.url, '/');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  const answered = (): number => [...statuses.values()].reduce((a, b) => a + b, 0);
  const until = async (count: number): Promise<void> => {
    while (answered() < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(200);
  const victim = targets[2] as (typeof targets)[number];
  victim.child.kill('SIGKILL');
  await until(answered() + 400);
  isOver = true;
  await Promise.all(load);
  expect([...statuses.keys()]).toEqual([200]);
  for (const { client, pid } of streams) {
    if (pid === victim.child.pid) {
      expect(await client.until('"code":"upstream_truncated"')).toContain('event: error\ndata: {');
      await eventually(() => client.closed || client.text.endsWith('0\r\n\r\n'));
      continue;
    }
    // The others go on, with every event that was sent.
    const before = eventsIn(client.text).length;
    await eventually(() => eventsIn(client.text).length > before + 5);
    expect(eventsIn(client.text)).toEqual(eventsIn(client.text).map((_, i) => i));
    expect(client.text).not.toContain('event: error');
  }
  expect(streams.filter(({ pid }) => pid === victim.child.pid)).toHaveLength(2);
  expect(await gateway.metric('gateway_retries_total', { upstream: 'up' })).toBeGreaterThan(0);
});
