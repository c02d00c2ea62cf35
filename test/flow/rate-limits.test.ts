import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, type TestGatewayOptions, testGateway } from '../helpers/gateway.ts';
import { startRedis } from '../helpers/redis-server.ts';

const DAY = 86_400_000;

async function limited(policies: object[], options: TestGatewayOptions & { store?: string } = {}) {
  const shop = await backend((_request, response) => response.end('ok'));
  const gateway = await testGateway(
    {
      store: { url: options.store ?? 'memory:' },
      upstreams: { shop: { targets: [{ url: shop.url }] } },
      routes: [{ name: 'things', match: { path: '/things' }, upstream: 'shop', policies }],
    },
    options,
  );
  const ask = async (headers: Record<string, string> = {}): Promise<Response> => {
    const answer = await fetch(`${gateway.url}/things`, { headers });
    await answer.arrayBuffer();
    return answer;
  };
  const statuses = async (count: number, headers?: Record<string, string>): Promise<number[]> => {
    const all: number[] = [];
    for (let i = 0; i < count; i++) all.push((await ask(headers)).status);
    return all;
  };
  return { gateway, ask, statuses };
}

/** A clock that stands still until it is told. */
function clockAt(time: string) {
  const clock = { time: Date.parse(time), now: () => clock.time };
  return clock;
}

it('of several limits in one policy each is told, and a refusal by one uses up none of the others', async () => {
  const clock = clockAt('2026-11-23T12:00:00Z');
  const limits = [
    { name: 'second', limit: 2, window: '1s', per: 'route' },
    { name: 'minute', limit: 5, window: '1m', per: 'route', algorithm: 'sliding-window' },
  ];
  const { ask, statuses, gateway } = await limited([{ 'rate-limit': { limits } }], clock);
  const first = await ask();
  expect(first.headers.get('ratelimit-policy')).toBe('"second";q=2;w=1, "minute";q=5;w=60');
  expect(first.headers.get('ratelimit')).toMatch(/^"second";r=1;t=1, "minute";r=4;t=\d+$/);
  expect(await statuses(3)).toEqual([200, 429, 429]);
  const refused = await ask();
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('ratelimit')).toMatch(/^"second";r=0;t=1, "minute";r=3;t=\d+$/);
  await gateway.accessLine(
    ({ reason, detail }) => reason === 'rate_limited' && detail === 'second: 2 in 1000 ms per route',
  );

  clock.time += 1000;
  expect(await statuses(3)).toEqual([200, 200, 429]);
  clock.time += 1000;
  expect(await statuses(2)).toEqual([200, 429]);
  const late = await ask();
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(50);
});

it('policies one after another add what they have to say', async () => {
  const { ask } = await limited([
    { 'rate-limit': { name: 'all', limit: 10, window: '1m', per: 'route' } },
    { 'rate-limit': { limit: 5, window: '1m', per: 'address', algorithm: 'token-bucket', burst: 3 } },
  ]);
  const { headers } = await ask();
  expect(headers.get('ratelimit-policy')).toBe('"all";q=10;w=60, "address";q=5;w=60');
  expect(headers.get('ratelimit')).toMatch(/^"all";r=9;t=\d+, "address";r=2;t=\d+$/);
});

it('a scope makes one limit of those of several routes; other routes, and other limits, count for themselves', async () => {
  const shop = await backend((_request, response) => response.end('ok'));
  const shared = { 'rate-limit': { limit: 3, window: '1h', per: 'address', scope: 'all-of-it' } };
  const route = (name: string, policy: object) => ({
    name,
    match: { path: `/${name}` },
    upstream: 'shop',
    policies: [policy],
  });
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url: shop.url }] } },
    routes: [
      route('a', shared),
      route('b', shared),
      route('all-of-it', { 'rate-limit': { ...shared['rate-limit'], scope: undefined } }),
      route('named', {
        'rate-limit': { limit: 2, window: '1h', per: 'address', scope: 'all-of-it', name: 'small' },
      }),
    ],
  });
  const ask = async (name: string): Promise<number> => (await fetch(`${gateway.url}/${name}`)).status;
  expect([await ask('a'), await ask('b'), await ask('a')]).toEqual([200, 200, 200]);
  expect([await ask('a'), await ask('b')], 'no way round over another route').toEqual([429, 429]);
  expect(await ask('all-of-it')).toBe(200);
  expect([await ask('named'), await ask('named'), await ask('named')]).toEqual([200, 200, 429]);
});

it('each session of a cookie has a limit of its own', async () => {
  const { statuses, ask } = await limited([
    { 'rate-limit': { limit: 2, window: '1h', per: 'cookie:session' } },
  ]);
  expect((await ask({ cookie: 'a=b; session=one' })).headers.get('ratelimit-policy')).toBe(
    '"session";q=2;w=3600',
  );
  expect(await statuses(2, { cookie: 'session=one; a=c' })).toEqual([200, 429]);
  expect(await statuses(3, { cookie: 'session=two' })).toEqual([200, 200, 429]);
  expect(await statuses(3, { cookie: 'other=one' })).toEqual([200, 200, 429]);
});

it('each value of a header has a limit of its own, also together with others', async () => {
  const { statuses } = await limited([
    { 'rate-limit': { limit: 2, window: '1h', per: 'route + header:X-Tenant' } },
  ]);
  expect(await statuses(3, { 'x-tenant': 'a' })).toEqual([200, 200, 429]);
  expect(await statuses(3, { 'x-tenant': 'b' })).toEqual([200, 200, 429]);
  expect(await statuses(3)).toEqual([200, 200, 429]);
  expect(await statuses(1, { 'x-tenant': 'c'.repeat(8000) })).toEqual([200]);
});

it('a bucket lets a burst pass, and then one at a time', async () => {
  const clock = clockAt('2026-11-23T12:00:00Z');
  const bucket = { limit: 60, window: '1m', per: 'route', algorithm: 'token-bucket', burst: 3 };
  const { ask, statuses } = await limited([{ 'rate-limit': bucket }], clock);
  expect(await statuses(4)).toEqual([200, 200, 200, 429]);
  expect((await ask()).headers.get('retry-after')).toBe('1');
  clock.time += 1000;
  expect(await statuses(2)).toEqual([200, 429]);
  clock.time += DAY;
  expect(await statuses(4)).toEqual([200, 200, 200, 429]);
});

it('a quota lasts for the calendar month, in UTC, and begins anew with the next', async () => {
  const clock = clockAt('2026-11-30T23:59:50Z');
  const quota = { quota: { limit: 2, per: 'month' }, per: 'route' };
  const { ask, statuses } = await limited([{ 'rate-limit': quota }], clock);
  expect((await ask()).headers.get('ratelimit')).toBe('"route-month";r=1;t=10');
  expect(await statuses(2)).toEqual([200, 429]);
  const refused = await ask();
  expect(refused.headers.get('retry-after')).toBe('10');
  expect(refused.headers.get('ratelimit-policy')).toBe(`"route-month";q=2;w=${30 * 86_400}`);
  clock.time += 10_000;
  const next = await ask();
  expect(next.headers.get('ratelimit')).toBe(`"route-month";r=1;t=${31 * 86_400}`);
  expect(next.headers.get('ratelimit-policy')).toBe(`"route-month";q=2;w=${31 * 86_400}`);
  clock.time += 30 * DAY;
  expect(await statuses(2)).toEqual([200, 429]);
  clock.time += DAY;
  expect(await statuses(1)).toEqual([200]);
});

it('a limit with a name goes on counting through a reload that changes its figure', async () => {
  const { gateway, statuses } = await limited([
    { 'rate-limit': { name: 'plan', quota: { limit: 2, per: 'month' }, per: 'route' } },
  ]);
  expect(await statuses(3)).toEqual([200, 200, 429]);
  const text = JSON.parse(JSON.stringify(gateway.loaded.config)) as {
    upstreams: { shop: { targets: { url: string }[] } };
  };
  const url = text.upstreams.shop.targets[0]?.url;
  await gateway.write({
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        policies: [{ 'rate-limit': { name: 'plan', quota: { limit: 4, per: 'month' }, per: 'route' } }],
      },
    ],
  });
  expect(await gateway.reload()).toBe(true);
  expect(await statuses(3)).toEqual([200, 200, 429]);
});

it.each([
  'fixed-window',
  'sliding-window',
  'token-bucket',
])('four gateways on one Redis share a %s to the request', async (algorithm) => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const shop = await backend((_request, response) => response.end('ok'));
  const config = {
    // A machine that is busy with other tests must not look like a Redis that is down.
    store: { url: redis.url, timeout: '10s' },
    upstreams: { shop: { targets: [{ url: shop.url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        // One in an hour comes back too late for any test.
        policies: [
          {
            'rate-limit': {
              limit: 1,
              window: '1h',
              per: 'route',
              algorithm,
              ...(algorithm === 'token-bucket' ? { burst: 100 } : { limit: 100 }),
            },
          },
        ],
      },
    ],
  };
  const gateways: TestGateway[] = [];
  for (let i = 0; i < 4; i++) gateways.push(await testGateway(config));
  const answers = await Promise.all(
    Array.from({ length: 240 }, async (_, i) => {
      const answer = await fetch(`${gateways[i % 4]?.url}/things`);
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  expect(answers.filter((status) => status === 200)).toHaveLength(100);
  expect(answers.filter((status) => status === 429)).toHaveLength(140);
});
