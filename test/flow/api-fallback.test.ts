import type { RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import type { Policy } from '../../src/contracts/policy.ts';
import { type Backend, backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient } from '../helpers/raw-http.ts';

const DEAD = 'http://127.0.0.1:1';

function house(
  url: string,
  fallback: object,
  others: object = {},
  policy?: Policy['aroundCall'],
): Promise<TestGateway> {
  const around = {
    name: 'around',
    slot: 'inspect' as const,
    schema: { type: 'object' },
    create: (): Policy => (policy ? { aroundCall: policy } : {}),
  };
  return testGateway(
    {
      upstreams: { up: { targets: [{ url }] }, ...others },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', fallback, policies: [{ around: {} }] }],
    },
    { policies: [around] },
  );
}

const fails: RequestListener = (request, response) => {
  request.resume().on('end', () => response.writeHead(503, { 'x-from': 'up' }).end('ill'));
};

const through: NonNullable<Policy['aroundCall']> = (request, _exchange, next) => next(request);

it.each([
  ['the plain way', undefined],
  ['through policies', through],
])('an answer from the config stands in for an upstream that fails (%s)', async (_way, policy) => {
  const fallback = { status: 200, headers: { 'Retry-After': '5' }, body: { items: [] } };
  const ill = await backend(fails);
  for (const [url, failed] of [
    [DEAD, 'upstream_connect'],
    [ill.url, '503'],
  ] as const) {
    const gateway = await house(url, fallback, {}, policy);
    const answer = await call(gateway.url, '/', { method: 'POST', body: 'order' });
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"items":[]}']);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '12',
      'retry-after': '5',
      'x-gateway-fallback': 'static',
    });
    expect(answer.headers, 'nothing of the answer that failed').not.toHaveProperty('x-from');
    const line = await gateway.accessLine(({ route }) => route === 'all');
    expect(line).toMatchObject({
      status: 200,
      fallback: 'static',
      reason: failed === '503' ? 'upstream_5xx' : failed,
      failed_attempts: [`${url} ${failed}`],
    });
    expect(await gateway.metric('gateway_fallbacks_total', { route: 'all', fallback: 'static' })).toBe(1);
    const head = await call(gateway.url, '/', { method: 'HEAD' });
    expect([head.headers['content-length'], head.body.length]).toEqual(['12', 0]);
  }
});

it('text goes out as it is, and an answer needs no body', async () => {
  const text = await house(DEAD, { status: 503, body: 'back soon' });
  const answer = await call(text.url, '/');
  expect([answer.body.toString(), answer.headers['content-type']]).toEqual([
    'back soon',
    'text/plain; charset=utf-8',
  ]);
  const empty = await house(DEAD, {});
  expect(await call(empty.url, '/')).toMatchObject({ status: 503, body: Buffer.alloc(0) });
});

it('what the upstream answers well, and a 4xx, is passed on', async () => {
  const upstream = await backend((request, response) => {
    response.writeHead(request.url === '/no' ? 404 : 200).end('itself');
  });
  const gateway = await house(upstream.url, { status: 200, body: 'instead' });
  for (const path of ['/', '/no']) {
    const answer = await call(gateway.url, path);
    expect(answer.body.toString()).toBe('itself');
    expect(answer.headers).not.toHaveProperty('x-gateway-fallback');
  }
});

it.each([
  ['the plain way', undefined],
  ['through policies', through],
])('another upstream stands in, and an answer from the config for that (%s)', async (_way, policy) => {
  let isSpareWell = true;
  const spare = await backend((request, response) => {
    if (!isSpareWell) return fails(request, response);
    request.resume().on('end', () => response.end('spare'));
  });
  const ill = await backend(fails);
  const others = { spare: { targets: [{ url: spare.url }] } };
  const fallback = { upstream: 'spare', status: 503, body: 'static' };
  const gateway = await house(ill.url, fallback, others, policy);
  const first = await call(gateway.url, '/');
  expect([first.status, first.body.toString(), first.headers['x-gateway-fallback']]).toEqual([
    200,
    'spare',
    'spare',
  ]);
  expect(await gateway.accessLine(({ fallback: by }) => by === 'spare')).toMatchObject({
    reason: 'ok',
    upstream: 'spare',
    attempts: 2,
    failed_attempts: [`${ill.url} 503`],
  });
  const sent = await call(gateway.url, '/', { method: 'POST', body: 'order' });
  expect(sent.body.toString(), 'a POST that was sent is not sent elsewhere').toBe('static');
  isSpareWell = false;
  const last = await call(gateway.url, '/');
  expect([last.status, last.body.toString(), last.headers['x-gateway-fallback']]).toEqual([
    503,
    'static',
    'static',
  ]);
});

it.each([
  ['the plain way', {}],
  ['through policies', {}],
  ['a handshake', { connection: 'upgrade', upgrade: 'websocket' }],
])('the upstream that stands in gets the Host that it is configured for (%s)', async (way, sent) => {
  const hosts: (string | undefined)[] = [];
  const spare = await backend((request, response) => {
    hosts.push(request.headers.host);
    response.end();
  });
  spare.server.on('upgrade', ({ headers }, socket) => {
    hosts.push(headers.host);
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  const around = {
    name: 'around',
    slot: 'inspect' as const,
    schema: { type: 'object' },
    create: (): Policy => ({ aroundCall: through }),
  };
  const own = new URL(spare.url).host;
  const set = { headers: { request: { set: { host: 'set.example' } } } };
  for (const [from, to, policies, host] of [
    ['client', 'target', [], own],
    ['target', 'client', [], 'client.example'],
    ['client', 'client', [], 'client.example'],
    ['target', 'target', [], own],
    ['client', 'target', [set], 'set.example'],
    ['target', 'client', [set], 'set.example'],
  ] as const) {
    const gateway = await testGateway(
      {
        upstreams: {
          up: { targets: [{ url: DEAD }], host: from },
          spare: { targets: [{ url: spare.url }], host: to },
        },
        routes: [
          {
            name: 'all',
            match: { path: '/*' },
            upstream: 'up',
            fallback: { upstream: 'spare' },
            policies: way === 'through policies' ? [...policies, { around: {} }] : [...policies],
          },
        ],
      },
      { policies: [around] },
    );
    const { status } = await call(gateway.url, '/', { headers: { host: 'client.example', ...sent } });
    expect([from, to, status, hosts.at(-1)]).toEqual([from, to, 200, host]);
  }
});

it('a part of a split that stands in for the others is not asked twice for its own', async () => {
  const asked = { old: 0, fresh: 0 };
  const [old, fresh] = await Promise.all(
    (['old', 'fresh'] as const).map((name) =>
      backend((request, response) => {
        asked[name]++;
        fails(request, response);
      }),
    ),
  );
  const part = (of: Backend | undefined) => ({ targets: [{ url: of?.url ?? '' }] });
  const gateway = await testGateway({
    upstreams: { old: part(old), fresh: part(fresh) },
    routes: [
      {
        name: 'all',
        match: { path: '/*' },
        split: ['old', 'fresh'].map((upstream) => ({ upstream, weight: 1 })),
        fallback: { upstream: 'old', status: 418 },
      },
    ],
  });
  const sides = new Set<unknown>();
  for (let i = 0; sides.size < 2; i++) {
    const before = { ...asked };
    const answer = await call(gateway.url, '/', { headers: { 'x-session-id': `visitor-${i}` } });
    expect(answer.status).toBe(418);
    expect(asked.old - before.old, 'once in all').toBe(1);
    sides.add(asked.fresh - before.fresh);
  }
});

it('without an answer of its own the failure of the other upstream is the answer', async () => {
  const gateway = await house(DEAD, { upstream: 'spare' }, { spare: { targets: [{ url: DEAD }] } });
  const answer = await call(gateway.url, '/');
  expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_connect']);
});

it('a policy sees the failure before the config answers: it may have something better', async () => {
  const gateway = await house(DEAD, { status: 503, body: 'static' }, {}, async (request, exchange, next) => {
    try {
      return await next(request);
    } catch {
      exchange.fallback = 'stale';
      return { status: 200, headers: {}, body: Buffer.from('stale') };
    }
  });
  const answer = await call(gateway.url, '/');
  expect([answer.body.toString(), answer.headers['x-gateway-fallback']]).toEqual(['stale', 'stale']);
});

it('an upstream that breaks off in the middle has answered: nothing is put behind it', async () => {
  const upstream = await backend((_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half');
    setImmediate(() => response.destroy());
  });
  const gateway = await house(upstream.url, { status: 200, body: 'instead' });
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.untilClosed();
  expect(client.text).toMatch(/half$/);
});

it('an upstream that does not exist is refused with the config', async () => {
  await expect(house(DEAD, { upstream: 'spar' }, { spare: { targets: [{ url: DEAD }] } })).rejects.toThrow(
    /spar/,
  );
});
