import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';
import { startRedis } from '../helpers/redis-server.ts';

interface Origin {
  /** How many requests have reached it. */
  asked: number;
  /** Headers of the last one. */
  last: IncomingMessage['headers'];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

interface House {
  gateway: TestGateway;
  origin: Origin;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>;
  /** Moves the gateway's clock. */
  pass(seconds: number): void;
}

interface Answer {
  status: number;
  text: string;
  headers: Headers;
  /** What `Cache-Status` says. */
  cache: string;
}

async function house(
  settings: object,
  more: { policies?: object[]; store?: object; consumers?: object[]; server?: object } = {},
): Promise<House> {
  let skew = 0;
  const origin: Origin = {
    asked: 0,
    last: {},
    answer: (request, response) => void response.end(`${request.url} no. ${origin.asked}`),
  };
  const upstream = await backend((request, response) => {
    origin.asked++;
    origin.last = request.headers;
    response.setHeader('date', new Date(Date.now() + skew).toUTCString());
    origin.answer(request, response);
  });
  const gateway = await testGateway(
    {
      ...(more.store ? { store: more.store } : {}),
      ...(more.server ? { server: more.server } : {}),
      ...(more.consumers ? { consumers: more.consumers } : {}),
      upstreams: { shop: { targets: [{ url: upstream.url }] } },
      routes: [
        {
          name: 'shop',
          match: { path: '/*' },
          upstream: 'shop',
          policies: [...(more.policies ?? []), { 'response-cache': settings }],
        },
      ],
    },
    { now: () => Date.now() + skew },
  );
  return {
    gateway,
    origin,
    async get(path, headers = {}, method = 'GET') {
      const response = await fetch(gateway.url + path, { headers, method });
      return {
        status: response.status,
        text: await response.text(),
        headers: response.headers,
        cache: response.headers.get('cache-status') ?? '',
      };
    },
    pass: (seconds) => {
      skew += seconds * 1000;
    },
  };
}

it('an answer is given again while it is fresh, with its age, and asked for again after that', async () => {
  const { get, origin, pass, gateway } = await house({ ttl: '30s' });

  const first = await get('/a');
  pass(10);
  const second = await get('/a');
  expect(first.cache).toBe('hypercare; fwd=miss');
  expect(first.headers.get('content-length')).toBe('8');
  expect(second).toMatchObject({
    text: '/a no. 1',
    cache: expect.stringMatching(/^hypercare; hit; ttl=1\d$/),
  });
  expect(Number(second.headers.get('age'))).toBeGreaterThanOrEqual(10);
  expect(second.headers.get('content-length')).toBe('8');
  pass(30);
  expect((await get('/a')).text).toBe('/a no. 2');

  expect(origin.asked).toBe(2);
  const line = await gateway.accessLine(({ cache }) => cache === 'hit');
  expect(line).toMatchObject({ route: 'shop', status: 200 });
  expect(line.cache_age_ms).toBeGreaterThanOrEqual(10_000);
  expect(await gateway.metric('gateway_cache_requests_total', { route: 'shop', outcome: 'hit' })).toBe(1);
  expect(await gateway.metric('gateway_cache_requests_total', { route: 'shop', outcome: 'miss' })).toBe(2);
  expect(await gateway.metric('gateway_cache_bytes')).toBeGreaterThan(1000);
});

it('what the answer says about its freshness goes before the route’s ttl', async () => {
  const { get, origin, pass } = await house({ ttl: '1h' });
  origin.answer = (_, response) =>
    void response.setHeader('Cache-Control', 'Max-Age=5').end(`${origin.asked}`);
  await get('/');
  pass(6);
  expect((await get('/')).text).toBe('2');
});

it.each([
  ['no-store', { 'cache-control': 'No-Store' }],
  ['private, in any case', { 'cache-control': 'Private, max-age=60' }],
  ['a cookie for one client', { 'set-cookie': 'session=1' }],
  ['Vary: *', { vary: '*' }],
  ['an event stream', { 'content-type': 'text/event-stream' }],
])('an answer with %s is never given to another', async (_, headers) => {
  const { get, origin } = await house({ ttl: '30s' });
  origin.answer = (__, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
    response.end(`${origin.asked}`);
  };
  expect((await get('/')).text).toBe('1');
  expect((await get('/')).text).toBe('2');
});

it('an error of the upstream is not kept', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  origin.answer = (_, response) => void response.writeHead(500).end(`${origin.asked}`);
  await get('/');
  expect((await get('/')).text).toBe('2');
});

it('variants are kept apart by the headers that the answer names', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  origin.answer = (request, response) =>
    void response
      .setHeader('vary', 'Accept-Language')
      .end(`${request.headers['accept-language']} ${origin.asked}`);
  expect((await get('/', { 'accept-language': 'de' })).text).toBe('de 1');
  expect((await get('/', { 'accept-language': 'fr' })).text).toBe('fr 2');
  expect((await get('/', { 'accept-language': 'de' })).text).toBe('de 1');
  expect((await get('/', { 'accept-language': 'fr' })).text).toBe('fr 2');
});

it('answers to requests with credentials are not shared, unless they say that they are for all', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  const asSomebody = { authorization: 'Basic c29tZWJvZHk6eA==' };
  await get('/mine', asSomebody);
  expect((await get('/mine', asSomebody)).text).toBe('/mine no. 2');
  expect((await get('/mine')).text).toBe('/mine no. 3');

  origin.answer = (_, response) => void response.setHeader('cache-control', 'public').end(`${origin.asked}`);
  expect((await get('/ours', asSomebody)).text).toBe('4');
  expect((await get('/ours')).text).toBe('4');
});

it('a stale answer is confirmed by its validator, and its body does not travel again', async () => {
  const { get, origin, pass, gateway } = await house({ ttl: '30s' });
  origin.answer = (request, response) => {
    response.setHeader('etag', '"v1"');
    if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
    else response.end(`body ${origin.asked}`);
  };
  await get('/');
  pass(31);
  expect(await get('/')).toMatchObject({
    status: 200,
    text: 'body 1',
    cache: 'hypercare; fwd=stale; fwd-status=304',
  });
  expect((await get('/')).cache).toMatch(/^hypercare; hit/);
  expect(origin.asked).toBe(2);
  await gateway.accessLine(({ cache }) => cache === 'revalidated');
});

it('a cookie that comes with a confirmation goes to its client alone, and a Cache-Tag to none', async () => {
  const { get, origin, pass, gateway } = await house({
    ttl: '30s',
    staleWhileRevalidate: '30s',
    check: '0%',
  });
  origin.answer = (request, response) => {
    response.setHeader('etag', '"v1"');
    if (request.headers['if-none-match'] === undefined) response.end('v1');
    else
      response
        .writeHead(304, { 'set-cookie': `session=${request.headers['x-who']}`, 'cache-tag': 'renewed' })
        .end();
  };
  await get('/');
  pass(61);
  const asked = await get('/', { 'x-who': 'alice' });
  expect(asked).toMatchObject({ text: 'v1', cache: 'hypercare; fwd=stale; fwd-status=304' });
  expect(asked.headers.get('set-cookie')).toBe('session=alice');
  expect(asked.headers.has('cache-tag')).toBe(false);
  const kept = await get('/');
  expect(kept.cache).toContain('hit');
  expect(kept.headers.has('set-cookie')).toBe(false);

  // Behind the client's back it is nobody's.
  pass(31);
  await get('/', { 'x-who': 'bob' });
  await eventually(() => origin.asked === 3);
  await eventually(async () => /ttl=[1-9]/.test((await get('/')).cache));
  expect((await get('/')).headers.has('set-cookie')).toBe(false);

  const purge = await admin(gateway, '/api/cache/purge', { body: { tag: 'renewed' } });
  expect(purge.body).toEqual({ purged: 1 });
});

it.each(['no-store', 'private, max-age=60'])('what is confirmed with %s is kept no more', async (control) => {
  const { get, origin, pass } = await house({ ttl: '30s' });
  origin.answer = (request, response) => {
    response.setHeader('etag', '"v1"');
    if (request.headers['if-none-match'] === undefined) response.end(`v${origin.asked}`);
    else response.writeHead(304, { 'cache-control': control }).end();
  };
  await get('/');
  pass(31);
  expect(await get('/')).toMatchObject({ text: 'v1', cache: 'hypercare; fwd=stale; fwd-status=304' });
  expect(await get('/')).toMatchObject({ text: 'v3', cache: 'hypercare; fwd=miss' });
});

it('a confirmation of another answer confirms nothing: the answer is fetched whole', async () => {
  const { get, origin, pass } = await house({ ttl: '30s' });
  origin.answer = (request, response) => {
    response.setHeader('etag', origin.asked === 1 ? '"v1"' : '"v2"');
    if (request.headers['if-none-match'] === undefined) response.end(`v${origin.asked}`);
    else response.writeHead(304).end();
  };
  await get('/');
  pass(31);
  const anew = await get('/');
  expect(anew).toMatchObject({ text: 'v3', cache: 'hypercare; fwd=miss' });
  expect(anew.headers.get('etag')).toBe('"v2"');
  expect(await get('/')).toMatchObject({ text: 'v3', cache: expect.stringContaining('hit') });
});

it('what a weak tag names is confirmed by its strong form, and stays weak', async () => {
  const { get, origin, pass } = await house({ ttl: '30s' });
  origin.answer = (request, response) => {
    if (request.headers['if-none-match'] === undefined) response.setHeader('etag', 'W/"v1"').end('v1');
    else response.writeHead(304, { etag: '"v1"' }).end();
  };
  await get('/');
  pass(31);
  const confirmed = await get('/');
  expect(confirmed.cache).toContain('fwd-status=304');
  expect(confirmed.headers.get('etag')).toBe('W/"v1"');
});

it('a confirmation that names a header in Vary makes the answer one of several', async () => {
  const { get, origin, pass } = await house({ ttl: '30s' });
  origin.answer = (request, response) => {
    response.setHeader('etag', '"v1"');
    if (origin.asked > 1) response.setHeader('vary', 'Accept-Language');
    if (request.headers['if-none-match'] === undefined) response.end(`v${origin.asked}`);
    else response.writeHead(304).end();
  };
  await get('/', { 'accept-language': 'de' });
  pass(31);
  await get('/', { 'accept-language': 'de' });
  expect((await get('/', { 'accept-language': 'fr' })).text).toBe('v3');
  expect(await get('/', { 'accept-language': 'de' })).toMatchObject({
    text: 'v1',
    cache: expect.stringContaining('hit'),
  });
});

it('a client that has the answer already is told so by the cache', async () => {
  const { gateway, origin } = await house({ ttl: '30s' });
  origin.answer = (_, response) => void response.setHeader('etag', '"v1"').end('body');
  // Not by fetch: with a condition of one's own it adds Cache-Control: no-cache.
  const ask = async (tags: string): Promise<[number, string]> => {
    const { status, headers, body } = await call(gateway.url, '/', { headers: { 'if-none-match': tags } });
    // Of a 304 it would be the length of the body that the client has.
    if (status === 304) expect(headers).not.toHaveProperty('content-length');
    return [status, body.toString()];
  };
  expect(await ask('"v1"')).toEqual([304, '']);
  expect(origin.last['if-none-match']).toBeUndefined();
  expect(await ask('W/"v1", "v0"')).toEqual([304, '']);
  expect(await ask('"v2"')).toEqual([200, 'body']);
  expect(origin.asked).toBe(1);
  // What only the origin can judge goes there as it is.
  await call(gateway.url, '/', { headers: { 'if-match': '"v2"' } });
  expect([origin.asked, origin.last['if-match']]).toEqual([2, '"v2"']);
});

it('a stale answer is served while a new one is fetched', async () => {
  const { get, origin, pass } = await house({ ttl: '30s', staleWhileRevalidate: '1m' });
  await get('/');
  pass(40);
  expect((await get('/')).text).toBe('/ no. 1');
  await eventually(async () => (await get('/')).text === '/ no. 2');
  expect(origin.asked).toBe(2);
});

it('a stale answer stands in for an upstream that fails, and not for longer than said', async () => {
  const { get, origin, pass, gateway } = await house({ ttl: '30s', staleIfError: '5m' });
  await get('/');
  origin.answer = (_, response) => void response.writeHead(503).end('down');
  pass(60);
  expect(await get('/')).toMatchObject({ status: 200, text: '/ no. 1' });
  origin.answer = (_, response) => void response.destroy();
  expect(await get('/')).toMatchObject({ status: 200, text: '/ no. 1' });
  expect(
    await gateway.metric('gateway_policy_degraded_total', { policy: 'response-cache', what: 'stale' }),
  ).toBe(1);
  await gateway.accessLine(({ cache }) => cache === 'stale');
  pass(300);
  expect((await get('/')).status).toBe(502);
});

it('must-revalidate forbids it, and a fresh answer under it is given all the same', async () => {
  const { get, origin, pass } = await house({ ttl: '30s', staleIfError: '5m' });
  origin.answer = (_, response) =>
    void response.setHeader('cache-control', 'max-age=30, must-revalidate').end('kept');
  await get('/');
  origin.answer = (_, response) => void response.writeHead(503).end('down');
  expect((await get('/')).text).toBe('kept');
  pass(40);
  expect((await get('/')).status).toBe(503);
});

it('of a hundred requests for the same answer one goes upstream', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  origin.answer = async (_, response) => {
    await gate;
    response.end(`${origin.asked}`);
  };
  const all = Promise.all(Array.from({ length: 100 }, () => get('/')));
  await eventually(() => origin.asked === 1);
  release();
  expect(new Set((await all).map(({ text }) => text))).toEqual(new Set(['1']));
  expect(origin.asked).toBe(1);
});

it('requests that wait for an answer which turns out not to be theirs get their own', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  origin.answer = (_, response) => {
    const mine = origin.asked;
    setImmediate(() => response.setHeader('cache-control', 'private').end(`${mine}`));
  };
  const answers = await Promise.all(Array.from({ length: 10 }, () => get('/')));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(10);
});

it('HEAD is answered from what GET has brought, without a body', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  await get('/a');
  const head = await get('/a', {}, 'HEAD');
  expect(head).toMatchObject({ status: 200, text: '' });
  expect(head.headers.get('content-length')).toBe('8');
  expect(origin.asked).toBe(1);
});

it('a change that succeeded makes what is kept under its URL wrong', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  await get('/a');
  await get('/a', {}, 'DELETE');
  expect((await get('/a')).text).toBe('/a no. 3');
  expect(origin.asked).toBe(3);
});

it('so does one through the route beside it that takes the writes', async () => {
  let asked = 0;
  const upstream = await backend((_, response) => void response.end(`${++asked}`));
  const route = (name: string, methods: string[], policies: object[]) => ({
    name,
    match: { path: '/things/*', methods },
    upstream: 'shop',
    policies,
  });
  let now = Date.now();
  const config = {
    upstreams: { shop: { targets: [{ url: upstream.url }] } },
    routes: [
      route('writes', ['POST', 'PUT'], []),
      route('reads', ['GET', 'HEAD'], [{ 'response-cache': { ttl: '1h' } }]),
    ],
  };
  const gateway = await testGateway(config, { now: () => now });
  const ask = async (method: string) => (await fetch(`${gateway.url}/things/1`, { method })).text();
  const around = async () => [await ask('GET'), await ask('PUT'), await ask('GET'), await ask('GET')];
  expect(await around()).toEqual(['1', '2', '3', '3']);
  // A clock that is set back meanwhile, or another machine's that is behind.
  now -= 10_000;
  expect(await around()).toEqual(['3', '4', '5', '5']);
});

it('it makes every variant of it wrong, and every consumer’s', async () => {
  const keys = { alice: 'alices-key', bob: 'bobs-key' };
  const consumers = Object.entries(keys).map(([name, key]) => ({
    name,
    keys: [{ id: 'k', sha256: hash('sha256', key) }],
  }));
  const policies = [{ 'auth-api-key': {} }];
  const { get, origin, pass } = await house(
    { ttl: '30s', authorised: 'per-consumer' },
    { consumers, policies },
  );
  origin.answer = (_, response) => void response.setHeader('vary', 'accept-language').end(`${origin.asked}`);
  const as = (key: string, language: string) => ({ 'x-api-key': key, 'accept-language': language });
  const everyone = [as(keys.alice, 'de'), as(keys.alice, 'fr'), as(keys.bob, 'de')];
  const askAll = async (): Promise<string[]> => {
    const answers: string[] = [];
    for (const headers of everyone) answers.push((await get('/', headers)).text);
    return answers;
  };
  expect(await askAll()).toEqual(['1', '2', '3']);
  expect(await askAll()).toEqual(['1', '2', '3']);
  await get('/', as(keys.alice, 'de'), 'POST');
  pass(1);
  expect(await askAll()).toEqual(['5', '6', '7']);
});

it('who waits for a fetch that fails shares its failure', async () => {
  const { get, origin, gateway } = await house({ ttl: '30s' });
  let fail = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    fail = resolve;
  });
  origin.answer = async (_, response) => {
    await gate;
    response.destroy();
  };
  const all = Promise.all(Array.from({ length: 5 }, () => get('/')));
  await eventually(() => origin.asked === 1);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 5);
  fail();
  expect((await all).map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
  expect(origin.asked).toBeLessThan(5);
});

it('what turned out to be nobody else’s is not waited for the next time', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  origin.answer = (_, response) => void response.setHeader('cache-control', 'private').end('mine');
  await get('/');
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  origin.answer = async (_, response) => {
    await gate;
    response.setHeader('cache-control', 'private').end('mine');
  };
  const all = Promise.all(Array.from({ length: 5 }, () => get('/')));
  await eventually(() => origin.asked === 6);
  release();
  await all;
});

it('the sides of a split are kept apart', async () => {
  const side = (name: string) => backend((_, response) => void response.end(name));
  const [a, b] = await Promise.all([side('a'), side('b')]);
  const gateway = await testGateway({
    upstreams: { a: { targets: [{ url: a.url }] }, b: { targets: [{ url: b.url }] } },
    routes: [
      {
        name: 'shop',
        match: { path: '/*' },
        split: [
          { upstream: 'a', weight: 1 },
          { upstream: 'b', weight: 1 },
        ],
        policies: [{ 'response-cache': { ttl: '30s' } }],
      },
    ],
  });
  const sides = async (): Promise<string[]> =>
    Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const answer = await call(gateway.url, '/', { headers: { 'x-session-id': `session-${i}` } });
        return answer.body.toString();
      }),
    );
  const first = await sides();
  expect(new Set(first)).toEqual(new Set(['a', 'b']));
  expect(await sides()).toEqual(first);
});

it('what another policy makes of an answer for one client is made anew for the next', async () => {
  const personal = {
    'transform-body': { response: { set: { '/session': '{{request.header.x-session-id}}' } } },
  };
  const { get, origin } = await house({ ttl: '30s' }, { policies: [personal] });
  origin.answer = (_, response) => void response.setHeader('content-type', 'application/json').end('{}');
  expect((await get('/', { 'x-session-id': 'one' })).text).toBe('{"session":"one"}');
  expect((await get('/', { 'x-session-id': 'two' })).text).toBe('{"session":"two"}');
  expect(origin.asked).toBe(1);
});

it('a host that the upstream is told of makes another answer, also where it gets a Host of its own', async () => {
  const upstream = await backend(
    (request, response) => void response.end(`${request.headers['x-forwarded-host']}`),
  );
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url: upstream.url }], host: 'target' } },
    routes: [
      {
        name: 'shop',
        match: { path: '/*' },
        upstream: 'shop',
        policies: [{ 'response-cache': { ttl: '30s' } }],
      },
    ],
  });
  const ask = async (host: string): Promise<string> =>
    (await call(gateway.url, '/a?b', { headers: { host } })).body.toString();
  expect(await ask('evil.example')).toBe('evil.example');
  expect(await ask('shop.example')).toBe('shop.example');
  const purged = await admin(gateway, '/api/cache/purge', { body: { url: 'shop.example/a?b' } });
  expect(purged.body).toEqual({ purged: 1 });
});

it('a client can ask past the cache, or for the cache alone', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  expect((await get('/', { 'cache-control': 'only-if-cached' })).status).toBe(504);
  await get('/');
  expect((await get('/', { 'cache-control': 'no-cache' })).text).toBe('/ no. 2');
  expect((await get('/')).text).toBe('/ no. 2');
  expect(origin.asked).toBe(2);
});

it('no kept answer is no failure that another answer stands in for', async () => {
  const { url } = await backend((_request, response) => response.end('asked'));
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      {
        name: 'shop',
        match: { path: '/*' },
        upstream: 'shop',
        policies: [{ 'response-cache': { ttl: '30s' } }],
        fallback: { status: 503, body: 'closed' },
      },
    ],
  });
  const answer = await fetch(gateway.url, { headers: { 'cache-control': 'only-if-cached' } });
  expect([answer.status, await answer.json()]).toMatchObject([504, { code: 'cache_only_missing' }]);
});

it('a body over the bound passes whole and is not kept', async () => {
  const { get, origin } = await house({ ttl: '30s', maxEntry: '1kb' });
  origin.answer = (_, response) => {
    response.write('x'.repeat(700));
    response.end('y'.repeat(700));
  };
  expect((await get('/')).text).toHaveLength(1400);
  expect((await get('/')).text).toHaveLength(1400);
  expect(origin.asked).toBe(2);
});

it('half an answer is neither kept nor given as a whole one', async () => {
  const { get, origin } = await house({ ttl: '30s' });
  origin.answer = (_, response) => {
    response.write('half');
    setImmediate(() => response.destroy());
  };
  await expect(get('/')).rejects.toThrow();
  origin.answer = (_, response) => void response.end('whole');
  expect((await get('/')).text).toBe('whole');
});

it('answers are purged by URL, by tag and by route through the admin API', async () => {
  const { get, origin, gateway } = await house({ ttl: '30s', tags: ['shop'] });
  origin.answer = (request, response) =>
    void response.setHeader('cache-tag', `item-${request.url?.at(-1)}`).end(`${origin.asked}`);
  const fill = async (): Promise<void> => {
    for (const path of ['/1', '/2', '/3']) await get(path);
  };
  const purge = async (body: object) => (await admin(gateway, '/api/cache/purge', { body })).body;
  await fill();
  expect((await get('/1')).headers.get('cache-tag')).toBeNull();

  expect(await purge({ tag: 'item-1' })).toEqual({ purged: 1 });
  expect(await purge({ url: `${gateway.url}/2` })).toEqual({ purged: 1 });
  expect(await purge({ url: '/3' })).toMatchObject({ status: 400 });
  expect(await purge({ route: 'shop', tag: 'shop' })).toEqual({ purged: 1 });
  expect((await get('/3')).text).toBe('4');
  await fill();
  expect(await purge({ url: `${new URL(gateway.url).host}/*` })).toEqual({ purged: 3 });
  expect(await purge({ all: true })).toEqual({ purged: 0 });

  // The answer to /slow is as the origin was before the purge, and comes after it.
  const asked = Promise.withResolvers<ServerResponse>();
  origin.answer = (_, response) => asked.resolve(response);
  const before = get('/slow');
  const slow = await asked.promise;
  expect(await purge({ tag: 'shop' })).toEqual({ purged: 0 });
  slow.end('old');
  expect((await before).text).toBe('old');
  origin.answer = (_, response) => void response.end('new');
  expect((await get('/slow')).text).toBe('new');
  expect((await get('/slow')).cache).toMatch('hit');
  expect(await purge({})).toMatchObject({ code: 'request_invalid' });
  expect(await purge({ route: 'nowhere' })).toMatchObject({ code: 'resource_unknown' });
});

it('a purged URL is asked for anew however it is written, and whatever policies and rewrites make of it', async () => {
  let asked = 0;
  const upstream = await backend((request, response) => {
    asked++;
    response.end(request.url);
  });
  const cached = { upstream: 'shop', policies: [{ 'response-cache': { ttl: '1h' } }] };
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url: upstream.url }] } },
    routes: [
      { name: 'plain', match: { path: '/*' }, ...cached },
      {
        name: 'marked',
        match: { path: '/marked/*' },
        ...cached,
        policies: [{ query: { remove: ['utm_source'], set: { tier: '1' } } }, ...cached.policies],
      },
      { name: 'moved', match: { path: '/moved/*' }, ...cached, rewrite: { from: '^/moved/[ab]/', to: '/' } },
    ],
  });
  const get = async (path: string, host = 'shop.example') =>
    (await call(gateway.url, path, { headers: { host } })).body.toString();
  const purge = async (url: string) => (await admin(gateway, '/api/cache/purge', { body: { url } })).body;
  await get('/caf%c3%a9');
  await get('/caf%c3%a9', 'SHOP.example');
  expect(asked).toBe(1);
  expect(await purge('HTTPS://Shop.Example/caf%c3%a9')).toEqual({ purged: 1 });
  await get('/caf%c3%a9');
  expect(await purge('shop.example/x/../café')).toEqual({ purged: 1 });

  expect(await get('/marked/1?utm_source=mail&a=1')).toBe('/marked/1?a=1&tier=1');
  expect(await purge('shop.example/marked/1?a=1&utm_source=other')).toEqual({ purged: 1 });
  await get('/marked/1');
  expect(await purge('shop.example/marked/1')).toEqual({ purged: 1 });

  expect([await get('/moved/a/x'), await get('/moved/b/x')]).toEqual(['/x', '/x']);
  expect(await purge('shop.example/moved/b/x')).toEqual({ purged: 1 });
  asked = 0;
  await get('/moved/b/x');
  await get('/moved/a/x');
  expect(asked).toBe(1);
});

it('two gateways share answers through Redis, purge them for each other, and go on without it', async () => {
  const redis = await startRedis();
  const settings = { ttl: '30s', store: 'shared' };
  const store = { url: redis.url, timeout: '10s' };
  const one = await house(settings, { store });
  const two = await testGateway({
    store,
    upstreams: { shop: { targets: [{ url: 'http://127.0.0.1:9' }] } },
    routes: [
      { name: 'shop', match: { path: '/*' }, upstream: 'shop', policies: [{ 'response-cache': settings }] },
    ],
  });
  const ask = async ({ url }: { url: string }): Promise<number> =>
    (await call(url, '/a', { headers: { host: 'shop.example' } })).status;
  expect(await ask(one.gateway)).toBe(200);
  expect(await ask(two)).toBe(200);
  const purged = await admin(two, '/api/cache/purge', { body: { route: 'shop' } });
  expect(purged.body).toEqual({ purged: 1 });
  expect(await ask(two)).toBe(502);
  // One that is asked for through one gateway while the other purges.
  const asked = Promise.withResolvers<ServerResponse>();
  one.origin.answer = (_, response) => asked.resolve(response);
  const before = ask(one.gateway);
  const slow = await asked.promise;
  await admin(two, '/api/cache/purge', { body: { route: 'shop' } });
  slow.end('old');
  expect(await before).toBe(200);
  expect(await ask(two)).toBe(502);
  one.origin.answer = (_, response) => void response.end('/b');

  await redis.stop();
  expect((await one.get('/b')).text).toMatch(/^\/b/);
  expect(
    await one.gateway.metric('gateway_policy_degraded_total', {
      policy: 'response-cache',
      what: 'fail_open',
    }),
  ).toBeGreaterThan(0);
});

it('of many who ask for the same, the one whose fetch it is may leave: the others are served all the same', async () => {
  const { get, gateway, origin } = await house({ ttl: '30s' });
  const held: ServerResponse[] = [];
  origin.answer = (_request, response) => void held.push(response);
  const leaving = new AbortController();
  const first = fetch(`${gateway.url}/a`, { signal: leaving.signal });
  await eventually(() => held.length === 1);
  const others = [get('/a'), get('/a')];
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 3);
  origin.answer = (_request, response) => void response.end('here');
  leaving.abort();
  await expect(first).rejects.toThrow();
  expect((await Promise.all(others)).map(({ status, text }) => [status, text])).toEqual([
    [200, 'here'],
    [200, 'here'],
  ]);
});

/** A gate that answers wait at until it is opened. */
function gate(): { open(): void; passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}

it('however many wait, one takes the place of a client that leaves, and of a connection that breaks', async () => {
  const { gateway, get, origin } = await house({ ttl: '30s' });
  const held: ServerResponse[] = [];
  origin.answer = (_request, response) => void held.push(response);
  const waiting = (path: string) => Promise.all(Array.from({ length: 20 }, () => get(path)));
  const leaving = new AbortController();
  const first = fetch(`${gateway.url}/left`, { signal: leaving.signal });
  await eventually(() => held.length === 1);
  const others = waiting('/left');
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 21);
  leaving.abort();
  await expect(first).rejects.toThrow();
  await eventually(() => held.length === 2);
  held[1]?.end('here');
  expect(new Set((await others).map(({ text }) => text))).toEqual(new Set(['here']));
  expect(origin.asked).toBe(2);

  const broken = get('/broken');
  await eventually(() => held.length === 3);
  const rest = waiting('/broken');
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 21);
  held[2]?.destroy();
  expect((await broken).status).toBe(502);
  await eventually(() => held.length === 4);
  held[3]?.end('there');
  expect(new Set((await rest).map(({ text }) => text))).toEqual(new Set(['there']));
  expect(origin.asked).toBe(4);
});

it('those who wait share the answer of a failing origin, unless it is its client’s own', async () => {
  const { gateway, get, origin } = await house({ ttl: '30s' });
  const together = async (path: string, headers: Record<string, string>) => {
    const before = origin.asked;
    const { open, passed } = gate();
    origin.answer = (_, response) =>
      void passed.then(() => response.writeHead(500, headers).end(`no. ${origin.asked - before}`));
    const all = Promise.all(
      Array.from({ length: 5 }, (_, i) => get(path, { 'x-who': i < 4 ? 'we' : 'other' })),
    );
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 5);
    open();
    const answers = await all;
    return { asked: origin.asked - before, answers };
  };
  const { asked, answers } = await together('/shared', {});
  expect(asked).toBe(1);
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['500 no. 1']));
  expect(answers.filter(({ cache }) => cache === 'hypercare; fwd=miss; collapsed')).toHaveLength(4);
  expect((await get('/shared')).cache, 'and it is not kept').toBe('hypercare; fwd=miss');
  expect((await together('/own', { 'set-cookie': 'a=b' })).asked).toBe(5);
  expect((await together('/no-store', { 'cache-control': 'no-store' })).asked).toBe(5);
  expect((await together('/varies', { vary: 'X-Who' })).asked, 'of another variant').toBeGreaterThan(1);
});

it('what came of one request that others could not share says nothing about those that can', async () => {
  const { get, origin, gateway } = await house({ ttl: '30s' });
  const together = async (path: string): Promise<number> => {
    const { open, passed } = gate();
    const before = origin.asked;
    origin.answer = (_, response) => void passed.then(() => response.end('for all'));
    const all = Promise.all(Array.from({ length: 5 }, () => get(path)));
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 5);
    await eventually(() => origin.asked > before);
    open();
    await all;
    return origin.asked - before;
  };
  const answer = origin.answer;
  const first = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<void> => {
    origin.answer = answer;
    await get(path, headers, method);
  };
  await first('/head', {}, 'HEAD');
  expect(await together('/head'), 'HEAD').toBe(1);
  await first('/no-store', { 'cache-control': 'no-store' });
  expect(await together('/no-store'), 'a client’s no-store').toBe(1);
  await first('/authorised', { authorization: 'Bearer mine' });
  expect(await together('/authorised'), 'somebody’s own').toBe(1);
  origin.answer = (_, response) => void response.writeHead(503, { 'cache-control': 'no-store' }).end();
  await get('/failed');
  expect(await together('/failed'), 'a failure').toBe(1);
});

it('nobody waits for an answer that is too large to be kept', async () => {
  const { get, origin } = await house({ ttl: '30s', maxEntry: '1kb' });
  for (const [path, headers] of [
    ['/says-so', { 'content-length': 2_000 }],
    ['/turns-out', {}],
  ] as const) {
    const held: ServerResponse[] = [];
    origin.answer = (_, response) => {
      response.writeHead(200, headers).write('x'.repeat(path === '/says-so' ? 1 : 1_500));
      held.push(response);
    };
    const all = [get(path), get(path)];
    await eventually(() => held.length === 2, 3_000);
    for (const response of held) response.end('x'.repeat(path === '/says-so' ? 1_999 : 500));
    expect((await Promise.all(all)).map(({ text }) => text.length)).toEqual([2_000, 2_000]);
  }
});

it('who waits for a fetch that fails takes the stale answer first', async () => {
  const { get, origin, pass, gateway } = await house({
    ttl: '30s',
    staleWhileRevalidate: '10s',
    staleIfError: '5m',
  });
  await get('/');
  pass(35);
  const behind = gate();
  origin.answer = (_, response) => void behind.passed.then(() => response.destroy());
  expect((await get('/')).cache, 'and is asked for behind the client’s back').toContain('hit');
  await eventually(() => origin.asked === 2);
  pass(20);
  const waiting = get('/');
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  behind.open();
  expect(await waiting).toMatchObject({ status: 200, text: '/ no. 1' });
  expect(await gateway.accessLine(({ fallback }) => fallback === 'stale')).toMatchObject({ status: 200 });

  pass(10);
  const before = origin.asked;
  const outage = gate();
  origin.answer = (_, response) => void outage.passed.then(() => response.writeHead(503).end());
  const all = Promise.all(Array.from({ length: 5 }, () => get('/')));
  await eventually(() => origin.asked > before);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 5);
  outage.open();
  expect((await all).map(({ text }) => text)).toEqual(Array(5).fill('/ no. 1'));
  expect(origin.asked - before, 'the others don’t ask an upstream that has just failed').toBe(1);
});

it('URLs, headers and tags count against the memory for answers, too', async () => {
  const { get, origin, gateway } = await house({ ttl: '30s' }, { server: { limits: { cache: '64kb' } } });
  origin.answer = (_, response) => void response.end('small');
  const path = (i: number): string => `/${i}?${'q'.repeat(7_000)}`;
  for (let i = 0; i < 20; i++) await get(path(i));
  expect(await gateway.metric('gateway_cache_bytes')).toBeLessThanOrEqual(64 * 1024);
  expect((await get(path(19))).cache).toContain('hit');
  expect((await get(path(0))).cache, '20 URLs of 7 kB are more than 64 kB').toContain('miss');
});
