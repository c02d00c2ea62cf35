import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { explainRequest } from '../../src/server/explain.ts';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { mcpServer, OPEN } from '../helpers/mcp.ts';

const SHOP = 'https://shop.example';
const KEY = 'key-of-the-shop';
const consumers = [
  { name: 'shop', keys: [{ id: 'k1', sha256: createHash('sha256').update(KEY).digest('hex') }] },
];

interface RouteSettings {
  name: string;
  path: string;
  methods?: string[];
  headers?: Record<string, string>;
  policies: object[];
}

async function serving(...routes: RouteSettings[]) {
  const seen: string[] = [];
  const { url } = await backend((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.setHeader('vary', 'accept-encoding');
    response.setHeader('access-control-allow-origin', 'https://evil.example');
    response.setHeader('access-control-allow-credentials', 'true');
    response.end('ok');
  });
  const gateway = await testGateway({
    consumers,
    upstreams: { up: { targets: [{ url }] } },
    routes: routes.map(({ name, policies, ...match }) => ({ name, match, upstream: 'up', policies })),
  });
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway.url}${path}`, init);
  const preflight = (path: string, method: string, headers: Record<string, string> = {}): Promise<Response> =>
    ask(path, {
      method: 'OPTIONS',
      headers: { origin: SHOP, 'access-control-request-method': method, ...headers },
    });
  return { gateway, ask, preflight, seen };
}

const said = (answer: Response): Record<string, string> =>
  Object.fromEntries(
    [...answer.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  );

it('a preflight is answered before anybody is asked for a key, though the route does not list OPTIONS', async () => {
  const { preflight, seen, gateway } = await serving({
    name: 'things',
    path: '/things',
    methods: ['GET', 'POST'],
    policies: [
      { 'auth-api-key': {} },
      { 'rate-limit': { limit: 1, window: '1h', per: 'route' } },
      { cors: { origins: [SHOP], methods: ['GET', 'PUT', 'POST'], headers: ['x-api-key'], maxAge: '1h' } },
    ],
  });
  for (let again = 0; again < 3; again++) {
    const answer = await preflight('/things', 'POST', { 'access-control-request-headers': 'x-api-key' });
    expect(answer.status).toBe(204);
    expect(said(answer)).toEqual({
      'access-control-allow-origin': SHOP,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'x-api-key',
      'access-control-max-age': '3600',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    });
  }
  expect(seen).toEqual([]);
  await gateway.accessLine(
    ({ method, route, status }) => method === 'OPTIONS' && route === 'things' && status === 204,
  );
});

it('pages of other origins are allowed nothing', async () => {
  const { preflight, ask } = await serving({
    name: 'things',
    path: '/things',
    policies: [{ cors: { origins: [SHOP, 'https://*.shop.example'], credentials: true } }],
  });
  for (const origin of [
    'https://evil.example',
    'null',
    'http://shop.example',
    'https://shop.example:8443',
    'https://shop.example.evil.example',
    'https://evilshop.example',
    'https://evil.example#.shop.example',
    'https://.shop.example',
    '*',
  ]) {
    const answer = await preflight('/things', 'GET', { origin });
    expect([answer.status, Object.keys(said(answer))]).toEqual([204, ['vary']]);
    const real = await ask('/things', { headers: { origin } });
    expect(said(real)).toEqual({ vary: 'accept-encoding, Origin' });
  }
  const below = await ask('/things', { headers: { origin: 'https://de.shop.example' } });
  expect(said(below)).toMatchObject({ 'access-control-allow-origin': 'https://de.shop.example' });
});

it('answers and errors carry what the page needs to read them, and not what the upstream says for itself', async () => {
  const { ask } = await serving({
    name: 'things',
    path: '/things',
    policies: [
      { cors: { origins: [SHOP], credentials: true, expose: ['x-request-id', 'ratelimit'] } },
      { 'auth-api-key': {} },
      { 'rate-limit': { limit: 1, window: '1h' } },
    ],
  });
  const wanted = {
    'access-control-allow-origin': SHOP,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-request-id, ratelimit',
  };
  const headers = { origin: SHOP, 'x-api-key': KEY };
  const good = await ask('/things', { headers });
  expect([good.status, said(good)]).toEqual([200, { ...wanted, vary: 'accept-encoding, Origin' }]);
  const limited = await ask('/things', { headers });
  expect([limited.status, said(limited)]).toEqual([429, { ...wanted, vary: 'Origin' }]);
  const stranger = await ask('/things', { headers: { origin: SHOP } });
  expect([stranger.status, said(stranger)]).toEqual([401, { ...wanted, vary: 'Origin' }]);
  // Without an origin too, or a cache would keep this answer for the page.
  const plain = await ask('/things', { headers: { 'x-api-key': 'wrong' } });
  expect([plain.status, said(plain)]).toEqual([401, { vary: 'Origin' }]);
});

it('any origin goes without credentials, and the answer is the same for all', async () => {
  const { ask, preflight } = await serving({
    name: 'things',
    path: '/things',
    policies: [{ cors: { origins: ['*'], headers: ['*'] } }],
  });
  const answer = await ask('/things', { headers: { origin: 'https://anybody.example' } });
  expect(said(answer)).toEqual({ 'access-control-allow-origin': '*', vary: 'accept-encoding' });
  const asked = { 'access-control-request-headers': 'x-one,content-type' };
  const named = await preflight('/things', 'PUT', asked);
  expect(named.headers.get('access-control-allow-headers')).toBe('x-one,content-type');
  expect(named.headers.get('access-control-allow-credentials')).toBeNull();
  const odd = await preflight('/things', 'PUT', { 'access-control-request-headers': 'x-one, "x' });
  expect(odd.headers.get('access-control-allow-headers')).toBeNull();
});

it('a preflight belongs to the route that would take the request it asks about', async () => {
  const cors = (...methods: string[]) => [{ cors: { origins: [SHOP], methods } }];
  const { preflight, ask, seen, gateway } = await serving(
    { name: 'all', path: '/a/*', methods: ['GET', 'DELETE'], policies: cors('GET', 'DELETE') },
    { name: 'closed', path: '/a/b', methods: ['DELETE'], policies: [] },
    { name: 'post', path: '/a/b', methods: ['POST'], policies: cors('POST') },
    {
      name: 'preview',
      path: '/a/c',
      methods: ['GET', 'PUT'],
      headers: { 'x-preview': '1' },
      policies: cors('PUT'),
    },
    { name: 'own', path: '/own', methods: ['GET', 'OPTIONS'], policies: [] },
    { name: 'both', path: '/both', methods: ['GET', 'OPTIONS'], policies: cors('GET') },
  );
  const allowed = async (path: string, method: string, headers?: Record<string, string>) => {
    const answer = await preflight(path, method, headers);
    await answer.arrayBuffer();
    const line = await gateway.accessLine(
      ({ request_id }) => request_id === answer.headers.get('x-request-id'),
    );
    const asked = { origin: SHOP, 'access-control-request-method': method, ...headers };
    const explained = explainRequest(gateway.loaded.config, new Map(), {
      method: 'OPTIONS',
      target: path,
      headers: asked,
    });
    expect(explained.route?.name).toBe(line.route);
    return [answer.status, answer.headers.get('access-control-allow-methods')];
  };
  expect(await allowed('/a/x', 'DELETE')).toEqual([204, 'GET, DELETE']);
  expect(await allowed('/a', 'GET')).toEqual([204, 'GET, DELETE']);
  expect(await allowed('/a/b', 'POST')).toEqual([204, 'POST']);
  expect(await allowed('/a/b', 'GET')).toEqual([204, 'GET, DELETE']);
  expect(await allowed('/a/b', 'DELETE')).toEqual([405, null]);
  expect(await allowed('/a/b', 'PATCH')).toEqual([405, null]);
  expect(await allowed('/a/c', 'GET')).toEqual([204, 'GET, DELETE']);
  expect(await allowed('/a/c', 'GET', { 'access-control-request-headers': 'x-other, X-Preview' })).toEqual([
    204,
    'PUT',
  ]);
  expect(await allowed('/nowhere', 'GET')).toEqual([404, null]);
  expect(await allowed('/both', 'GET')).toEqual([204, 'GET']);
  expect(seen).toEqual([]);
  expect(await allowed('/own', 'GET')).toEqual([200, null]);
  expect((await ask('/both', { method: 'OPTIONS' })).status).toBe(200);
  expect((await ask('/a/x', { method: 'OPTIONS' })).status).toBe(405);
  expect((await ask('/a/x', { method: 'OPTIONS', headers: { origin: SHOP } })).status).toBe(405);
  expect(seen).toEqual(['OPTIONS /own', 'OPTIONS /both']);
});

it('a page may call models too, and reads their errors', async () => {
  const model = await backend((_request, response) => response.end('{}'));
  const gateway = await testGateway({
    ai: {
      policies: [
        { cors: { origins: [SHOP], headers: ['authorization', 'content-type'] } },
        { 'auth-api-key': {} },
      ],
      providers: { p: { kind: 'openai', baseUrl: `${model.url}/v1`, apiKey: 'k' } },
      models: { m: { targets: [{ provider: 'p', model: 'm' }] } },
    },
    consumers,
  });
  const url = `${gateway.url}/v1/chat/completions`;
  const answer = await fetch(url, {
    method: 'OPTIONS',
    headers: { origin: SHOP, 'access-control-request-method': 'POST' },
  });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, SHOP]);
  const refused = await fetch(url, { method: 'POST', headers: { origin: SHOP }, body: '{}' });
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, SHOP]);
});

it('a page may call MCP servers too, and reads their errors', async () => {
  const tools = await mcpServer();
  const elsewhere = await backend((_request, response) => response.end('of a wider route'));
  const gateway = await testGateway({
    mcp: {
      origins: ['shop.example'],
      policies: [
        { cors: { origins: [SHOP], headers: ['content-type', 'mcp-session-id'] } },
        { 'auth-api-key': {} },
      ],
      servers: { tools: { url: tools.url, allow: OPEN } },
    },
    upstreams: { up: { targets: [{ url: elsewhere.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    consumers,
  });
  const page = {
    origin: SHOP,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { ...page, 'x-api-key': KEY, ...headers },
      body,
    });
  for (const path of ['/mcp', '/mcp/tools']) {
    const asked = await fetch(`${gateway.url}${path}`, {
      method: 'OPTIONS',
      headers: { origin: SHOP, 'access-control-request-method': 'POST' },
    });
    expect([asked.status, said(asked)['access-control-allow-headers']]).toEqual([
      204,
      'content-type, mcp-session-id',
    ]);
    const plain = await fetch(`${gateway.url}${path}`, {
      method: 'OPTIONS',
      headers: { 'x-api-key': KEY },
    });
    expect([plain.status, plain.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
  }
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'page', version: '1' },
  };
  const opened = await post(
    '/mcp/tools',
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  );
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const closed = await fetch(`${gateway.url}/mcp/tools`, {
    method: 'DELETE',
    headers: { ...page, 'x-api-key': KEY, ...session },
  });
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' });
  const answers: [Response, number][] = [
    [opened, 200],
    [closed, 200],
    [await post('/mcp/tools', ping, session), 404],
    [await post('/mcp/nowhere', ping), 404],
    [await post('/mcp/tools', 'no JSON'), 400],
    [await post('/mcp/tools', ping, { 'x-api-key': 'wrong' }), 401],
  ];
  expect(answers.map(([{ status }]) => status)).toEqual(answers.map(([, status]) => status));
  for (const [answer] of answers) expect(said(answer)['access-control-allow-origin']).toBe(SHOP);
});
