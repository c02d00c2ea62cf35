import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { configText, eventually } from '../helpers/gateway.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
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
  const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });
  let out = '';
  child.stdout.on('data', (text) => {
    out += String(text);
  });
  const [, url = '', admin = ''] = await eventually(
    () => /"url":"([^"]+)","admin":"([^"]+)"/.exec(out),
    20_000,
  );
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? 0);
  };
  const residentKb = async (): Promise<number> =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  expect(await (await fetch(`${url}/short`)).text()).toBe('here');
  const { hostname, port } = new URL(url);
  let readers = 0;
  /** Adds readers, and waits until memory has been the same for a second. */
  async function settledWith(count: number): Promise<number> {
    for (; readers < count; readers++) {
      const reader = connect(Number(port), hostname);
      reader.on('error', () => reader.destroy()).pause();
      reader.write('GET /long HTTP/1.1\r\nhost: a\r\n\r\n');
      onTestFinished(() => void reader.destroy());
    }
    await eventually(async () => (await metric('gateway_requests_in_flight')) === count, 30_000);
    let last = 0;
    let since = Date.now();
    return eventually(async () => {
      const now = await residentKb();
      if (Math.abs(now - last) > 1024) since = Date.now();
      last = now;
      return Date.now() - since > 1000 && now;
    }, 30_000);
  }
  // The first ones pay for the heap that all share.
  const before = await settledWith(100);
  const after = await settledWith(100 + READERS);
  // Alone on a machine it is about 140; the collector's whims are in it, too.
  expect((after - before) / READERS).toBeLessThan(200);
  expect(await (await fetch(`${url}/short`)).text()).toBe('here');
}, 60_000);
