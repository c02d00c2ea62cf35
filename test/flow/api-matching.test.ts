import { describe, expect, it } from 'vitest';
import { explainRequest } from '../../src/server/explain.ts';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode } from '../helpers/raw-http.ts';

interface Match {
  path: string;
  methods?: string[];
  host?: string;
  headers?: Record<string, string>;
}

/** A gateway whose routes are named by their place: `0`, `1`, … */
async function gatewayWith(...matches: Match[]): Promise<TestGateway> {
  const upstream = await backend((_request, response) => response.end('ok'));
  return testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: matches.map((match, i) => ({ name: `r${i}`, match, upstream: 'up' })),
  });
}

/** The route that took a request, as the access log says; `explain` has to say the same. */
async function routeOf(
  gateway: TestGateway,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<string> {
  const id = `match-${gateway.lines.length}-${Math.random().toString(36).slice(2)}`;
  const headers = { ...options.headers, 'x-request-id': id };
  const answer = await call(gateway.url, path, { ...options, headers });
  const line = await gateway.accessLine(({ request_id }) => request_id === id);
  const explained = explainRequest(gateway.loaded.config, new Map(), {
    method: options.method ?? 'GET',
    target: path,
    headers: { host: 'localhost', ...lowerCase(headers) },
  });
  const route = (line.route ?? '') as string;
  expect(explained.route?.name ?? '', `explain ${path}`).toBe(route);
  expect(answer.status).toBe(line.status);
  return route === '' ? String(line.reason) : route;
}

const lowerCase = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('a route is chosen', () => {
  it('by path: exact, below a prefix, with parameters; the most specific wins', async () => {
    const gateway = await gatewayWith(
      { path: '/*' },
      { path: '/users/:id' },
      { path: '/users/me' },
      { path: '/users/{id}/orders' },
      { path: '/api/*' },
      { path: '/api/v1/*' },
    );
    expect(await routeOf(gateway, '/')).toBe('r0');
    expect(await routeOf(gateway, '/users')).toBe('r0');
    expect(await routeOf(gateway, '/users/7')).toBe('r1');
    expect(await routeOf(gateway, '/users/me')).toBe('r2');
    expect(await routeOf(gateway, '/users/7/orders')).toBe('r3');
    expect(await routeOf(gateway, '/users/7/other')).toBe('r0');
    expect(await routeOf(gateway, '/api/x')).toBe('r4');
    expect(await routeOf(gateway, '/api/v1/x/y')).toBe('r5');
    expect(await routeOf(gateway, '/API/x'), 'paths have capitals').toBe('r0');
  });

  it('a prefix takes its bare path and the slash behind it, unless a route of its own has it', async () => {
    const gateway = await gatewayWith(
      { path: '/a/*' },
      { path: '/b/*' },
      { path: '/b' },
      { path: '/c/*', methods: ['GET', 'POST'] },
      { path: '/c', methods: ['POST'] },
    );
    expect(await routeOf(gateway, '/a')).toBe('r0');
    expect(await routeOf(gateway, '/a/')).toBe('r0');
    expect(await routeOf(gateway, '/ab')).toBe('route_not_found');
    expect(await routeOf(gateway, '/b')).toBe('r2');
    expect(await routeOf(gateway, '/b/')).toBe('r1');
    expect(await routeOf(gateway, '/c')).toBe('r3');
    expect(await routeOf(gateway, '/c', { method: 'POST' })).toBe('r4');
  });

  it('a bare path is the same under another name of its parameter, and another writing of its host', async () => {
    const gateway = await gatewayWith(
      { path: '/users/:id/*' },
      { path: '/users/{user}' },
      { path: '/shop/*', host: 'API.example.com', headers: { 'X-One': '1', 'x-two': '2' } },
      { path: '/shop', host: 'api.example.com', headers: { 'x-two': '2', 'x-one': '1' } },
    );
    expect(await routeOf(gateway, '/users/7')).toBe('r1');
    expect(await routeOf(gateway, '/users/7/x')).toBe('r0');
    const headers = { host: 'api.example.com', 'x-one': '1', 'x-two': '2' };
    expect(await routeOf(gateway, '/shop', { headers })).toBe('r3');
    expect(await routeOf(gateway, '/shop/x', { headers })).toBe('r2');
  });

  it('by method; another one is answered 405 with what there is', async () => {
    const gateway = await gatewayWith(
      { path: '/things', methods: ['GET', 'HEAD'] },
      { path: '/things', methods: ['POST'] },
      { path: '/things/:id', methods: ['DELETE'] },
    );
    expect(await routeOf(gateway, '/things')).toBe('r0');
    expect(await routeOf(gateway, '/things', { method: 'POST' })).toBe('r1');
    const refused = await call(gateway.url, '/things', { method: 'PATCH' });
    expect(refused.status).toBe(405);
    expect(problemCode(refused)).toBe('method_not_allowed');
    expect(refused.headers.allow).toBe('GET, HEAD, POST');
    expect(await routeOf(gateway, '/nothing', { method: 'PATCH' })).toBe('route_not_found');
    await gateway.accessLine(({ reason, status }) => reason === 'method_not_allowed' && status === 405);
    expect(await gateway.metric('gateway_requests_total', { reason: 'method_not_allowed' })).toBe(1);
  });

  it('by host: exact, below a domain, whatever the port and the capitals', async () => {
    const gateway = await gatewayWith(
      { path: '/*' },
      { path: '/*', host: '*.example.com' },
      { path: '/*', host: 'api.Example.com' },
      { path: '/only', host: 'only.example.org' },
    );
    const at = (host: string, path = '/x') => routeOf(gateway, path, { headers: { host } });
    expect(await at('other.org')).toBe('r0');
    expect(await at('shop.example.com')).toBe('r1');
    expect(await at('a.b.example.com')).toBe('r1');
    expect(await at('example.com'), 'the domain itself is not below it').toBe('r0');
    expect(await at('badexample.com')).toBe('r0');
    expect(await at('api.example.com')).toBe('r2');
    expect(await at('API.EXAMPLE.COM:8080')).toBe('r2');
    expect(await at('only.example.org:80', '/only')).toBe('r3');
    expect(await at('elsewhere.org', '/only'), 'falls back to the less specific path').toBe('r0');
  });

  it('by headers: an exact value, or that there is one; the route that asks for most wins', async () => {
    const gateway = await gatewayWith(
      { path: '/x' },
      { path: '/x', headers: { 'X-Version': '2' } },
      { path: '/x', headers: { 'x-version': '*' } },
      { path: '/x', headers: { 'x-version': '2', 'x-beta': '*' } },
      { path: '/x', host: 'api.example.com' },
      { path: '/y', headers: { 'x-beta': 'yes' } },
    );
    const at = (headers: Record<string, string>, path = '/x') => routeOf(gateway, path, { headers });
    expect(await at({})).toBe('r0');
    expect(await at({ 'x-version': '2' })).toBe('r1');
    expect(await at({ 'X-VERSION': '3' })).toBe('r2');
    expect(await at({ 'x-version': '2', 'x-beta': '' })).toBe('r3');
    expect(await at({ host: 'api.example.com' })).toBe('r4');
    expect(await at({ 'x-beta': 'no' }, '/y')).toBe('route_not_found');
    expect(await at({ 'x-beta': 'yes' }, '/y')).toBe('r5');
  });
});

it('an exact value beats "there is one", whichever stands first', async () => {
  const gateway = await gatewayWith(
    { path: '/x', headers: { 'x-version': '*' } },
    { path: '/x', headers: { 'x-version': '2' } },
  );
  expect(await routeOf(gateway, '/x', { headers: { 'x-version': '2' } })).toBe('r1');
  expect(await routeOf(gateway, '/x', { headers: { 'x-version': '1' } })).toBe('r0');
});

it('any number of routes may share a path and differ by host', async () => {
  const hosts = Array.from({ length: 100 }, (_, i) => ({ path: '/shop/*', host: `tenant-${i}.example.com` }));
  const gateway = await gatewayWith(
    ...hosts,
    { path: '/shop/*' },
    { path: '/shop/:id', host: '*.example.com' },
  );
  for (const i of [0, 30, 31, 32, 99]) {
    const headers = { host: `tenant-${i}.example.com` };
    expect(await routeOf(gateway, '/shop/a/b', { headers })).toBe(`r${i}`);
    expect(await routeOf(gateway, '/shop', { headers, method: 'POST' })).toBe(`r${i}`);
  }
  expect(await routeOf(gateway, '/shop/a/b', { headers: { host: 'tenant-100.example.com' } })).toBe('r100');
  expect(await routeOf(gateway, '/shop/a', { headers: { host: 'tenant-1.example.com' } })).toBe('r101');
});
