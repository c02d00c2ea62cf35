import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess, workersOf } from '../helpers/gateway-process.ts';
import { rawClient } from '../helpers/raw-http.ts';

const CLIENTS = 4;

it('a worker that is killed takes only its own requests with it, and is replaced', async () => {
  const upstream = await backend((_request, response) => response.end('ok'));
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
  });
  let isOver = false;
  let ok = 0;
  const failed: string[] = [];
  const client = async (): Promise<void> => {
    while (!isOver) {
      await gateway.get('/').then(
        ({ status }) => (status === 200 ? ok++ : failed.push(String(status))),
        (error: Error) => failed.push(error.message),
      );
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await eventually(() => ok > 50);
  const [killed = 0] = await gateway.workers();
  const seen = await gateway.metric('gateway_requests_total');
  process.kill(killed, 'SIGKILL');
  await eventually(() => gateway.out().includes(`"subject":"worker ${killed}"`));
  const whileItDied = failed.length;
  await eventually(async () => (await gateway.metric('gateway_workers')) === 2, 60_000);
  const after = ok;
  await eventually(() => ok > after + 50);
  isOver = true;
  await Promise.all(clients);

  // The request that it ran, and one that the kernel still put into its queue before that was closed, too.
  expect(whileItDied, `at most two a client: ${failed.join()}`).toBeLessThanOrEqual(2 * CLIENTS);
  expect(failed.length - whileItDied, 'and none once it has ended').toBe(0);
  expect(await gateway.workers()).not.toContain(killed);
  // Lines wait for each other for a moment.
  const told = await eventually(() => {
    const lines = gateway.lines().filter(({ kind }) => kind === 'worker');
    return lines.length > 1 && lines;
  });
  expect(told).toMatchObject([
    { subject: `worker ${killed}`, from: 'serving', to: 'ended', reason: 'SIGKILL' },
    { from: 'starting', to: 'serving' },
  ]);
  expect(await gateway.metric('gateway_worker_restarts_total')).toBe(1);
  // Of all of them it is the first's: their sum, or a worker's, would look like a restart of the gateway.
  const began = Date.now() / 1000 - (await gateway.metric('process_start_time_seconds'));
  expect(began).toBeGreaterThan(0);
  expect(began).toBeLessThan(300);
  // What it had counted when it was last asked stays counted.
  expect(await gateway.metric('gateway_requests_total')).toBeGreaterThanOrEqual(seen);
}, 120_000);

it('as long as no worker serves the gateway is not ready', async () => {
  const gateway = await gatewayProcess({ server: { workers: 2 } });
  const ready = async (): Promise<number> => (await fetch(`${gateway.adminUrl}/readyz`)).status;
  expect(await ready()).toBe(200);
  for (const pid of await gateway.workers()) process.kill(pid, 'SIGKILL');
  await eventually(async () => (await ready()) === 503);
  await eventually(async () => (await ready()) === 200, 60_000);
  expect((await gateway.get('/livez')).status).toBe(200);
}, 120_000);

it('a worker that dies while others begin is replaced, and one that hangs, too', async () => {
  const upstream = await backend((_request, response) => response.end('ok'));
  let killed: Promise<number> | undefined;
  const config = {
    server: { workers: 2, timeouts: { worker: '3s' } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
  };
  const gateway = await gatewayProcess(config, {
    begun: (pid) => {
      killed = eventually(async () => (await workersOf(pid))[1], 60_000);
      killed.then((second) => process.kill(second, 'SIGKILL'));
    },
  });
  expect((await gateway.get('/')).body).toBe('ok');
  await eventually(async () => (await gateway.metric('gateway_workers')) === 2, 60_000);
  expect(await gateway.workers()).not.toContain(await killed);

  const [stopped = 0] = await gateway.workers();
  process.kill(stopped, 'SIGSTOP');
  await gateway.write({ ...config, routes: [] });
  const ended = await eventually(
    () => gateway.lines().find(({ subject, to }) => subject === `worker ${stopped}` && to === 'ended'),
    60_000,
  );
  expect(ended).toMatchObject({ reason: 'no answer for 3000 ms' });
  expect(await gateway.metric('gateway_worker_hangs_total')).toBeGreaterThanOrEqual(1);
  // The reload that it kept waiting goes on, and its successor begins with the new revision.
  await eventually(async () => (await gateway.metric('gateway_workers')) === 2, 60_000);
  await eventually(async () => (await gateway.gets('/', 10)).every(({ status }) => status === 404), 60_000);
  expect(await gateway.metric('gateway_config_reloads_total', 'applied')).toBe(2);
}, 120_000);

it('at SIGTERM all workers finish what runs, and it exits 0', async () => {
  const answers: (() => void)[] = [];
  const upstream = await backend((_request, response) => void answers.push(() => response.end('finished')));
  const gateway = await gatewayProcess({
    server: { workers: 2, timeouts: { drain: '30s' } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
  });
  const clients = await Promise.all(Array.from({ length: 4 }, () => rawClient(gateway.url)));
  for (const client of clients) client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await eventually(() => answers.length === 4);
  expect((await gateway.admin('/api/status')).body.requestsInFlight).toBe(4);
  const workers = await gateway.workers();
  // As a terminal and systemd send it: to all processes.
  for (const pid of [gateway.child.pid ?? 0, ...workers]) process.kill(pid, 'SIGTERM');
  await eventually(() =>
    gateway.get('/livez').then(
      () => false,
      () => true,
    ),
  );
  for (const answer of answers) answer();
  for (const client of clients) expect((await client.untilClosed())[0]?.body).toContain('finished');
  expect(await gateway.exit).toBe(0);
  expect(gateway.err()).toBe('');
  expect(gateway.lines().filter(({ msg }) => msg === 'request')).toHaveLength(4);
  expect(gateway.lines().at(-1)).toMatchObject({ msg: 'stopped', cut: 0 });
}, 120_000);

it('a port that is taken is said once, and nothing stays behind', async () => {
  const taken = await backend((_request, response) => response.end());
  const started = gatewayProcess({
    server: { workers: 2, listen: `127.0.0.1:${taken.port}` },
    upstreams: { up: { targets: [{ url: taken.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
  });
  await expect(started).rejects.toThrow(`it ended: 127.0.0.1:${taken.port} is taken`);
}, 120_000);
