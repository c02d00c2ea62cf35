import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { backend } from '../helpers/backend.ts';
import { configText, eventually } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

interface Started {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  exit: Promise<number | null>;
  /** The public address, once it is logged. */
  url(): Promise<string>;
  /** Saves another config, at once and whole. */
  write(revised: object | string): Promise<void>;
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** `node src/main.ts start` with a config, killed when the test is over. */
async function start(config: object | string): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-process-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, configText(config));
  const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout?.on('data', (text) => {
    out += String(text);
  });
  child.stderr?.on('data', (text) => {
    err += String(text);
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });
  const address = /"url":"([^"]+)"/;
  return {
    child,
    out: () => out,
    err: () => err,
    exit,
    url: async () => (await eventually(() => address.exec(out), 60_000))[1] as string,
    async write(revised) {
      await writeFile(`${file}.new`, configText(revised));
      await rename(`${file}.new`, file);
    },
  };
}

const routed = (url: string, drain: string) => ({
  server: { timeouts: { drain } },
  upstreams: { up: { targets: [{ url }] } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

it('at SIGTERM it takes nothing new, finishes what runs, and exits 0', async () => {
  const answers = new Map<string, () => void>();
  const upstream = await backend((request, response) => {
    const path = request.url ?? '';
    if (path === '/stream') response.write('begun ');
    answers.set(path, () => response.end('finished'));
  });
  const gateway = await start(routed(upstream.url, '30s'));
  const url = await gateway.url();
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const slow = await rawClient(url);
  const stream = await rawClient(url);
  const idle = await rawClient(url);
  slow.send(get('/slow'));
  stream.send(get('/stream'));
  idle.send(get('/readyz'));
  await stream.until('begun');
  await idle.until('ok');
  await eventually(() => answers.has('/slow'));

  gateway.child.kill('SIGTERM');
  await eventually(() =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status === 503,
      () => true,
    ),
  );
  await idle.untilClosed();
  expect([slow.closed, stream.closed]).toEqual([false, false]);

  answers.get('/slow')?.();
  answers.get('/stream')?.();
  const [slowAnswer] = await slow.untilClosed();
  expect(slowAnswer?.body).toContain('finished');
  expect(slowAnswer?.headers.connection, 'nobody sends another request on it').toBe('close');
  expect((await stream.untilClosed())[0]?.body).toMatch(/begun.*finished.*\r\n0\r\n\r\n$/s);
  expect(await gateway.exit).toBe(0);
  expect(gateway.err()).toBe('');
  const lines = gateway
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.filter(({ msg }) => msg === 'request').map(({ reason }) => reason)).toEqual(['ok', 'ok']);
  expect(lines.at(-1)).toMatchObject({ msg: 'stopped', cut: 0 });
});

it('what still runs when the drain time is over is cut off and recorded, and it exits all the same', async () => {
  const upstream = await backend((_request, response) => void response.write('begun'));
  const server = new WebSocketServer({ server: upstream.server });
  onTestFinished(() => server.close());
  const gateway = await start(routed(upstream.url, '300ms'));
  const url = await gateway.url();
  const stream = await rawClient(url);
  stream.send(get('/stream'));
  await stream.until('begun');
  const ws = new WebSocket(url.replace('http', 'ws'));
  onTestFinished(() => ws.terminate());
  await new Promise((resolve) => ws.once('open', resolve));
  const closed = new Promise((resolve) => ws.once('close', resolve));

  gateway.child.kill('SIGTERM');
  expect(await gateway.exit).toBe(0);
  await closed;
  await stream.untilClosed();
  expect(stream.text).not.toMatch(/\r\n0\r\n/);
  expect(gateway.out()).toContain('"cut":2');
  expect(gateway.out().match(/"msg":"request"/g)).toHaveLength(2);
});

it('at SIGHUP it reads its file again, and what runs does not notice', async () => {
  let finish: (() => void) | undefined;
  const upstream = await backend((request, response) => {
    if (request.url === '/stream') {
      response.write('begun ');
      finish = () => response.end('finished');
    } else response.end('here');
  });
  const config = routed(upstream.url, '30s');
  const gateway = await start(config);
  const url = await gateway.url();
  const stream = await rawClient(url);
  stream.send(get('/stream'));
  await stream.until('begun');

  const refusals = (): number => gateway.out().split('the new config is refused').length - 1;
  await gateway.write('version: 1\nroutes: none\n');
  await eventually(() => refusals() === 1);
  // Nothing was saved since: it is asked for.
  gateway.child.kill('SIGHUP');
  await eventually(() => refusals() === 2);
  await gateway.write({ ...config, routes: [{ name: 'new', match: { path: '/new' }, upstream: 'up' }] });
  gateway.child.kill('SIGHUP');
  await eventually(async () => (await fetch(`${url}/new`)).status === 200);
  expect((await fetch(`${url}/old`)).status).toBe(404);

  (await eventually(() => finish))();
  await stream.until('finished');
  gateway.child.kill('SIGTERM');
  expect(await gateway.exit).toBe(0);
});

it('a SIGTERM that comes while it starts is not lost: it starts, stops in order and exits 0', async () => {
  // A store that takes the connection and says nothing: the start is under way, and it is not over.
  const connections = new Set<Socket>();
  const store = createServer((socket) => void connections.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const letGo = (): void => {
    store.close();
    for (const socket of connections) socket.destroy();
  };
  onTestFinished(letGo);
  const { port } = store.address() as AddressInfo;
  const gateway = await start({
    ...routed('http://127.0.0.1:9', '1s'),
    store: { url: `redis://127.0.0.1:${port}` },
  });
  await eventually(() => connections.size > 0, 60_000);
  gateway.child.kill('SIGTERM');
  letGo();
  expect(await gateway.exit).toBe(0);
  expect(gateway.out()).toContain('"msg":"stopped"');
});

it.each(['server', 'admin'])('an address that is taken (%s): it says so and exits 1', async (key) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => taken.close(() => resolve())));
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const gateway = await start({ ...routed('http://127.0.0.1:9', '1s'), [key]: { listen: address } });
  expect(await gateway.exit).toBe(1);
  expect(gateway.err()).toContain(`${address} is taken`);
  expect(gateway.err().trim().split('\n')).toHaveLength(1);
});

it('a bad config: it says where and exits 2', async () => {
  const gateway = await start('version: 1\nroutes:\n  - name: a\n    match: { pat: /x }\n    upstream: up\n');
  expect(await gateway.exit).toBe(2);
  expect(gateway.err()).toMatch(/gateway\.yaml:4:\d+/);
  expect(gateway.out()).toBe('');
});
