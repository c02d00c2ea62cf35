import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { configText, eventually } from '../helpers/gateway.ts';
import type { MemoryTold } from '../helpers/tell-memory.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const TELL_MEMORY = join(import.meta.dirname, '../helpers/tell-memory.ts');
const PIECE = Buffer.alloc(64 * 1024, 'x');
const LENGTH = 64 * 1024 * 1024;
const READERS = 300;

function pour(response: ServerResponse): void {
  let written = 0;
  const more = (): void => {
    while (written < LENGTH && !response.destroyed) {
      written += PIECE.length;
      if (!response.write(PIECE)) return;
    }
    response.end();
  };
  response.writeHead(200, { 'content-length': LENGTH }).on('drain', more);
  more();
}

it('clients that read nothing of 64 MB cost little memory each, no more as time goes by, and nobody waits for them', async () => {
  const upstream = await backend((request, response) => {
    if (request.url === '/short') response.end('here');
    else pour(response);
  });
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-slow-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(
    file,
    configText({
      // A machine that is busy with other tests must not be taken for an overload.
      server: { shed: { maxEventLoopDelay: '60s' } },
      upstreams: { up: { targets: [{ url: upstream.url }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    }),
  );
  const flags = ['--expose-gc', '--import', TELL_MEMORY];
  const child = spawn(process.execPath, [...flags, MAIN, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exit = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });
  let out = '';
  child.stdout?.on('data', (text) => {
    out += String(text);
  });
  const [, url = '', admin = ''] = await eventually(
    () => /"url":"([^"]+)","admin":"([^"]+)"/.exec(out),
    60_000,
  );
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? 0);
  };
  const memory = async (): Promise<MemoryTold> => {
    const told = once(child, 'message');
    child.send('memory');
    return (await told)[0] as MemoryTold;
  };
  expect(await (await fetch(`${url}/short`)).text()).toBe('here');
  const { hostname, port } = new URL(url);
  let readers = 0;
  /** Adds readers, and waits until what is in use has been the same for a second. */
  async function settledWith(count: number): Promise<MemoryTold> {
    for (; readers < count; readers++) {
      const reader = connect(Number(port), hostname);
      reader.on('error', () => reader.destroy()).pause();
      reader.write('GET /long HTTP/1.1\r\nhost: a\r\n\r\n');
      onTestFinished(() => void reader.destroy());
    }
    await eventually(async () => (await metric('gateway_requests_in_flight')) === count, 60_000);
    let last = 0;
    let since = Date.now();
    return eventually(async () => {
      const now = await memory();
      if (Math.abs(now.live - last) > 1024 * 1024) since = Date.now();
      last = now.live;
      return Date.now() - since > 1000 && now;
    }, 30_000);
  }
  // The first ones pay for the code and the caches that all share.
  const before = await settledWith(100);
  // It is 66: the one piece that the client's system has not taken. A machine that is busy takes longer than a second to take the rest.
  const cheap = (): Promise<MemoryTold> =>
    eventually(async () => {
      const now = await settledWith(100 + READERS);
      return (now.live - before.live) / READERS < 100_000 && now;
    }, 60_000);
  await cheap();
  // What the system has lent the process on top of that is its allocator's to give back, in its own time.
  await eventually(async () => ((await memory()).rss - before.rss) / READERS < 150_000, 30_000);
  // A busy upstream may have begun to pour only now: it is the same bound, and no more from here on.
  const late = await cheap();
  const later = await settledWith(100 + READERS);
  expect((later.live - late.live) / READERS, 'no more as time goes by').toBeLessThan(10_000);
  expect(await (await fetch(`${url}/short`)).text()).toBe('here');
}, 240_000);
