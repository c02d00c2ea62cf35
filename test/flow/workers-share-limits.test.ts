import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../helpers/gateway-process.ts';
import { startRedis } from '../helpers/redis-server.ts';

const LIMIT = 100;

interface House {
  gateway: GatewayProcess;
  served(): number;
  /** Ends each of the slow requests that run. */
  held: (() => void)[];
}

async function started(store: object): Promise<House> {
  let served = 0;
  const held: (() => void)[] = [];
  const shop = await backend((request, response) => {
    served++;
    if (request.url !== '/slow') response.end('ok');
    else held.push(() => response.end('ok'));
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
      { name: 'slow', match: { path: '/slow' }, upstream: 'shop', concurrency: { max: 3 } },
    ] as object,
  });
  return { gateway, served: () => served, held };
}

async function exactlyTheLimitPasses(house: House): Promise<void> {
  const { gateway, served } = house;
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

async function exactlyTheConcurrencyRuns({ gateway, held }: House): Promise<void> {
  // As many connections as both workers get more than their part of, by the kernel's hash.
  let refused = 0;
  const slow = Array.from({ length: 40 }, () =>
    gateway.gets('/slow', 1).then(([answer]) => {
      if (answer?.status === 503) refused++;
      return answer?.status;
    }),
  );
  await eventually(() => refused + held.length === 40, 30_000);
  expect(held, 'of 3 that may run at once one worker lets in 2').toHaveLength(3);
  for (const end of held) end();
  expect((await Promise.all(slow)).filter((status) => status === 200)).toHaveLength(3);
}

it('of a limit of 100 exactly 100 pass through two workers, and of a concurrency of 3 exactly 3, with the state in a SQLite file', async () => {
  const house = await started({});
  await exactlyTheLimitPasses(house);
  await exactlyTheConcurrencyRuns(house);
}, 120_000);

it('and with the state in Redis', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await exactlyTheLimitPasses(await started({ url: redis.url }));
}, 120_000);

it('what was counted survives a restart of the worker that counted it', async () => {
  const { gateway } = await started({});
  expect((await gateway.gets('/things', LIMIT)).every(({ status }) => status === 200)).toBe(true);
  const before = await gateway.workers();
  for (const pid of before) process.kill(pid, 'SIGKILL');
  // Not before it was seen that they have gone: until then the metric counts them.
  await eventually(async () => !(await gateway.workers()).some((pid) => before.includes(pid)), 60_000);
  await eventually(async () => (await gateway.metric('gateway_workers')) === 2, 60_000);
  expect((await gateway.gets('/things', 4)).map(({ status }) => status)).toEqual([429, 429, 429, 429]);
}, 120_000);

it('of the copies that may be under way at once each worker sends its part', async () => {
  const real = await backend((_request, response) => response.end('ok'));
  let copies = 0;
  const shadow = await backend(() => {
    copies++;
  });
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    upstreams: {
      shop: { targets: [{ url: real.url }] },
      shadow: { targets: [{ url: shadow.url }] },
    },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        mirror: { upstream: 'shadow', maxInFlight: 3, timeout: '5m' },
      },
    ] as object,
  });
  // As many connections as both workers get more than their part of, by the kernel's hash.
  const answers = await gateway.gets('/things', 40);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(40);
  const leftOut = (): Promise<number> =>
    gateway.metric('gateway_mirrored_requests_total', 'outcome="dropped_busy"');
  await eventually(async () => copies + (await leftOut()) === 40, 60_000);
  expect(copies, 'of 3 that may be under way one worker sends 2').toBe(3);
}, 120_000);
