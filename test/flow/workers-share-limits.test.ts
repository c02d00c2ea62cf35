import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../helpers/gateway-process.ts';
import { startRedis } from '../helpers/redis-server.ts';

const LIMIT = 100;

async function started(store: object): Promise<{ gateway: GatewayProcess; served: () => number }> {
  let served = 0;
  const shop = await backend((_request, response) => {
    served++;
    response.end('ok');
  });
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    store,
    upstreams: { shop: { targets: [{ url: shop.url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        policies: [{ 'rate-limit': { limit: LIMIT, window: '1h', per: 'route' } }],
      },
    ] as object,
  });
  return { gateway, served: () => served };
}

async function exactlyTheLimitPasses(store: object): Promise<void> {
  const { gateway, served } = await started(store);
  expect(await gateway.workers()).toHaveLength(2);
  const clients = Array.from({ length: 8 }, () => gateway.gets('/things', 25));
  const statuses = (await Promise.all(clients)).flat().map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
  expect(statuses.filter((status) => status === 429)).toHaveLength(LIMIT);
  expect(served()).toBe(LIMIT);
  // One page sums what both have served; one log has a whole line for each.
  expect(await gateway.metric('gateway_requests_total')).toBe(2 * LIMIT);
  expect(await gateway.metric('http_server_request_duration_seconds_count')).toBe(2 * LIMIT);
  expect(await gateway.metric('gateway_rate_limited_total')).toBe(LIMIT);
  await eventually(() => gateway.lines().filter(({ msg }) => msg === 'request').length === 2 * LIMIT);
}

it('of a limit of 100 exactly 100 pass through two workers, with the state in a SQLite file', async () => {
  await exactlyTheLimitPasses({});
}, 120_000);

it('and with the state in Redis', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await exactlyTheLimitPasses({ url: redis.url });
}, 120_000);

it('what was counted survives a restart of the worker that counted it', async () => {
  const { gateway } = await started({});
  expect((await gateway.gets('/things', LIMIT)).every(({ status }) => status === 200)).toBe(true);
  const before = await gateway.workers();
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await eventually(async () => (await gateway.metric('gateway_workers')) === 2, 60_000);
  expect((await gateway.workers()).some((pid) => before.includes(pid))).toBe(false);
  expect((await gateway.gets('/things', 4)).map(({ status }) => status)).toEqual([429, 429, 429, 429]);
}, 120_000);
