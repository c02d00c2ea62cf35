import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { startRedis } from '../helpers/redis-server.ts';

const digest = (key: string): string => createHash('sha256').update(key).digest('hex');
const consumers = [
  { name: 'shop', keys: [{ id: 'k1', sha256: digest('key-of-the-shop') }] },
  { name: 'bot', keys: [{ id: 'k1', sha256: digest('key-of-the-bot') }] },
];
const route = (policies: object[]): object[] => [
  { name: 'things', match: { path: '/things' }, upstream: 'shop', policies },
];

async function echoingShop() {
  const seen: IncomingHttpHeaders[] = [];
  const shop = await backend((request, response) => {
    seen.push(request.headers);
    response.setHeader('server', 'old-server/1.0');
    response.end('ok');
  });
  return { seen, upstreams: { shop: { targets: [{ url: shop.url }] } } };
}

it('a key opens the door, a wrong or missing one does not, and neither is seen upstream or in the log', async () => {
  const { seen, upstreams } = await echoingShop();
  const gateway = await testGateway({ consumers, upstreams, routes: route([{ 'auth-api-key': {} }]) });
  const ask = (headers: Record<string, string>) => fetch(`${gateway.url}/things`, { headers });

  expect((await ask({ 'x-api-key': 'key-of-the-shop' })).status).toBe(200);
  expect((await ask({ authorization: 'Bearer key-of-the-bot' })).status).toBe(200);
  const missing = await ask({});
  const wrong = await ask({ 'x-api-key': 'key-of-nobody' });

  expect([missing.status, wrong.status]).toEqual([401, 401]);
  expect(missing.headers.get('content-type')).toBe('application/problem+json');
  expect(missing.headers.get('www-authenticate')).toBe('Bearer');
  expect(await wrong.json()).toMatchObject({
    status: 401,
    code: 'auth_key_unknown',
    request_id: wrong.headers.get('x-request-id'),
  });
  expect(seen.map((headers) => headers['x-consumer-name'])).toEqual(['shop', 'bot']);
  expect(JSON.stringify(seen)).not.toContain('key-of');
  await gateway.accessLine(({ reason }) => reason === 'auth_key_missing');
  await gateway.accessLine(({ reason }) => reason === 'auth_key_unknown');
  expect(JSON.stringify(gateway.lines)).not.toContain('key-of');
  expect(await gateway.metric('gateway_requests_total', { reason: 'auth_key_unknown' })).toBe(1);
});

it.each([
  ['an empty one beside it', { 'x-api-key': '', authorization: 'Bearer key-of-the-bot' }],
  ['the same in both places', { 'x-api-key': 'key-of-the-bot', authorization: 'Bearer key-of-the-bot' }],
])('a key does not reach the upstream with %s', async (_what, headers) => {
  const { seen, upstreams } = await echoingShop();
  const gateway = await testGateway({ consumers, upstreams, routes: route([{ 'auth-api-key': {} }]) });
  expect((await fetch(`${gateway.url}/things`, { headers })).status).toBe(200);
  expect(JSON.stringify(seen)).not.toContain('key-of');
});

it('an Authorization that is not the gateway’s goes on to the upstream', async () => {
  const { seen, upstreams } = await echoingShop();
  const gateway = await testGateway({ consumers, upstreams, routes: route([{ 'auth-api-key': {} }]) });
  const headers = { 'x-api-key': 'key-of-the-shop', authorization: 'Basic YTpi' };
  await fetch(`${gateway.url}/things`, { headers });
  expect(seen[0]?.authorization).toBe('Basic YTpi');
});

it('two limits on a route count each for itself', async () => {
  const { upstreams } = await echoingShop();
  const limits = [5, 9].map((limit) => ({ 'rate-limit': { limit, window: '1m', per: 'route' } }));
  const gateway = await testGateway({ upstreams, routes: route(limits) });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await fetch(`${gateway.url}/things`)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
});

it('a client can not say who it is by itself', async () => {
  const { seen, upstreams } = await echoingShop();
  const gateway = await testGateway({ upstreams, routes: route([]) });
  await fetch(`${gateway.url}/things`, {
    headers: { 'x-consumer-name': 'shop', 'x-forwarded-for': '10.0.0.1' },
  });
  expect(seen[0]).not.toHaveProperty('x-consumer-name');
  expect(seen[0]?.['x-forwarded-for']).toBe('127.0.0.1');
});

it('a limit lets so many pass in a window, each consumer for itself, and says when to come back', async () => {
  const { seen, upstreams } = await echoingShop();
  const policies = [{ 'rate-limit': { limit: 3, window: '1m' } }, { 'auth-api-key': {} }];
  const gateway = await testGateway({ consumers, upstreams, routes: route(policies) });
  const ask = (key: string) => fetch(`${gateway.url}/things`, { headers: { 'x-api-key': key } });

  const answers = [];
  for (let i = 0; i < 5; i++) answers.push(await ask('key-of-the-shop'));

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"consumer";q=3;w=60');
  expect(answers[0]?.headers.get('ratelimit')).toMatch(/^"consumer";r=2;t=\d+$/);
  const refused = answers[3] as Response;
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
  expect((await ask('key-of-the-bot')).status).toBe(200);
  expect(seen).toHaveLength(4);
  expect(await gateway.metric('gateway_rate_limited_total', { consumer: 'shop' })).toBe(2);
});

it('two gateways on one Redis share a limit to the request', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { seen, upstreams } = await echoingShop();
  const config = {
    upstreams,
    store: { url: redis.url, timeout: '10s' },
    routes: route([{ 'rate-limit': { limit: 50, window: '1m', per: 'route' } }]),
  };
  const gateways = [await testGateway(config), await testGateway(config)];
  const statuses = await Promise.all(
    Array.from({ length: 120 }, async (_, i) => {
      const response = await fetch(`${gateways[i % 2]?.url}/things`);
      await response.arrayBuffer();
      return response.status;
    }),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(seen).toHaveLength(50);
});

it('a limit whose store is down lets everybody in, loudly, and limits again when it is back', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { upstreams } = await echoingShop();
  const gateway = await testGateway({
    upstreams,
    store: { url: redis.url, timeout: '10s' },
    routes: route([{ 'rate-limit': { limit: 1, window: '10m', per: 'route' } }]),
  });
  const ask = async (): Promise<number> => (await fetch(`${gateway.url}/things`)).status;
  expect(await ask()).toBe(200);
  expect(await ask()).toBe(429);

  await redis.kill9();
  expect(await ask()).toBe(200);
  expect(await ask()).toBe(200);
  expect(
    await gateway.metric('gateway_policy_degraded_total', { policy: 'rate-limit', what: 'fail_open' }),
  ).toBeGreaterThan(0);
  expect(gateway.lines.some(({ msg }) => msg === 'the store does not answer')).toBe(true);

  await redis.restart();
  await eventually(async () => (await ask()) === 429);
});

it('headers are set and removed on both ways, also on the gateway’s own answers', async () => {
  const { seen, upstreams } = await echoingShop();
  const policies = [
    { 'auth-api-key': {} },
    {
      headers: {
        request: { set: { 'X-Shop': 'web', plain: '1' }, remove: ['x-debug'], rename: { 'x-a-b': 'x-c' } },
        response: { set: { 'x-frame-options': 'DENY' }, remove: ['Server'] },
      },
    },
  ];
  const gateway = await testGateway({ consumers, upstreams, routes: route(policies) });
  // To CGI and its heirs these are the same fields.
  const disguised = { x_shop: 'mine', X_Debug: '1', 'x_a-b': '1', x_c: '1' };
  const answer = await fetch(`${gateway.url}/things`, {
    headers: { x_other: '1', 'x-api-key': 'key-of-the-shop', 'x-debug': '1', 'x-shop': 'mine', ...disguised },
  });
  expect(seen[0]).toMatchObject({ 'x-shop': 'web' });
  expect(seen[0]).not.toHaveProperty('x-debug');
  expect(Object.keys(seen[0] ?? {}).filter((name) => name.includes('_'))).toEqual(['x_other']);
  expect(answer.headers.get('server')).toBeNull();
  expect(answer.headers.get('x-frame-options')).toBe('DENY');
  expect((await fetch(`${gateway.url}/things`)).headers.get('x-frame-options')).toBe('DENY');
});
