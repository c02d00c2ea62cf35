import { Agent, request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';

const ROUTES = [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object;

/** Asks on one connection, which is one worker's, until it has an answer for which `isEnough`. */
async function oneWorkerUntil(url: string, isEnough: () => boolean | Promise<boolean>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  await eventually(async () => {
    await new Promise<void>((resolve, reject) => {
      request(url, { agent }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
    return isEnough();
  }, 30_000);
}

it('what one worker finds out about a target, the other goes by', async () => {
  const asked = { bad: 0, good: 0 };
  const bad = await backend((_request, response) => {
    asked.bad++;
    response.writeHead(500).end();
  });
  const good = await backend((_request, response) => {
    asked.good++;
    response.end('good');
  });
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    upstreams: {
      up: {
        targets: [{ url: bad.url }, { url: good.url }],
        outlier: { consecutiveFailures: 3, eject: '10m', maxEject: '10m', maxEjected: '50%' },
      },
    },
    routes: ROUTES,
  });
  const ejections = () => gateway.lines().filter(({ kind }) => kind === 'ejection');
  await oneWorkerUntil(gateway.url, () => ejections().length > 0);
  expect(ejections()).toMatchObject([{ subject: `up ${bad.url}`, to: 'ejected' }]);
  const before = asked.bad;
  const answers = await gateway.gets('/', 20);
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect(asked.bad).toBe(before);
  expect(await gateway.metric('gateway_upstream_healthy', bad.url)).toBe(0);
  expect(await gateway.metric('gateway_upstream_healthy', good.url)).toBe(1);
  expect(await gateway.metric('gateway_state_changes_total', 'ejection')).toBe(1);
}, 120_000);

it('a target is drained when nothing runs on it in any worker, and checks ask it once, not once a worker', async () => {
  let finish: (() => void) | undefined;
  let checks = 0;
  const asked = { one: 0, two: 0 };
  const one = await backend(({ url }, response) => {
    if (url === '/health') checks++;
    else asked.one++;
    if (url === '/slow') finish = () => response.end('slow');
    else response.end('one');
  });
  const two = await backend((_request, response) => {
    asked.two++;
    response.end('two');
  });
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    upstreams: {
      up: {
        targets: [{ url: one.url }],
        health: { path: '/health', interval: '60s', healthy: 1, unhealthy: 1 },
      },
      other: { targets: [{ url: two.url }] },
    },
    routes: ROUTES,
  });
  await eventually(() => checks > 0, 20_000);
  const slow = gateway.get('/slow');
  await eventually(() => finish);
  const target = `/api/upstreams/up/targets/${encodeURIComponent(one.url)}`;
  expect((await gateway.admin(`${target}/drain`, {})).body.state).toBe('draining');
  await eventually(async () => (await gateway.gets('/', 4)).every(({ status }) => status === 503));
  const state = async () => JSON.stringify((await gateway.admin('/api/upstreams')).body);
  expect(await state()).toContain('draining');
  // The one that waits for its answer is a worker's, and is seen all the same.
  expect(await state()).toContain('"inFlight":1');
  const before = asked.one;
  await gateway.gets('/', 10);
  expect(asked.one).toBe(before);
  finish?.();
  expect((await slow).body).toBe('slow');
  await eventually(async () => (await state()).includes('disabled'));
  await gateway.admin(`${target}/enable`, {});
  await eventually(async () => (await gateway.gets('/', 4)).every(({ body }) => body === 'one'));
  expect(checks).toBe(1);
}, 120_000);

it('a breaker that opens in one worker is open in the other, is told once, and closes in both', async () => {
  let asked = 0;
  let isWell = false;
  const upstream = await backend((_request, response) => {
    asked++;
    response.writeHead(isWell ? 200 : 500).end();
  });
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    upstreams: {
      up: {
        targets: [{ url: upstream.url }],
        breaker: { errorRate: '50%', minRequests: 5, window: '60s', open: '8s' },
      },
    },
    routes: ROUTES,
  });
  const breaker = () => gateway.lines().filter(({ kind }) => kind === 'breaker');
  await oneWorkerUntil(gateway.url, () => breaker().length > 0);
  const before = asked;
  expect((await gateway.gets('/', 6)).map(({ status }) => status)).toEqual([503, 503, 503, 503, 503, 503]);
  expect(asked).toBe(before);
  isWell = true;
  await oneWorkerUntil(gateway.url, async () => (await gateway.metric('gateway_breaker_state')) === 0);
  await eventually(async () => (await gateway.gets('/', 6)).every(({ status }) => status === 200));
  await eventually(() => breaker().at(-1)?.to === 'closed');
  // Each worker tells the others; none of it is told twice.
  expect(breaker().map(({ from, to }) => `${from} → ${to}`)).toEqual([
    'closed → open',
    'open → half-open',
    'half-open → closed',
  ]);
  expect(await gateway.metric('gateway_state_changes_total', 'kind="breaker"')).toBe(3);
}, 120_000);
