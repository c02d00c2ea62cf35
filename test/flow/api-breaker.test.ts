import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient } from '../helpers/raw-http.ts';

const BREAKER = { errorRate: '50%', minRequests: 5, window: '30s', open: '1s' };
/** Long enough to look at it on a busy machine. */
const OPEN_S = 4;

const config = (url: string, breaker: object = BREAKER, fallback?: object) => ({
  upstreams: { up: { targets: [{ url }], breaker, timeouts: { response: '300ms' } } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', ...(fallback ? { fallback } : {}) }],
});

it('a dead upstream costs its callers next to nothing once the breaker is open, and it heals by itself', async () => {
  let isWell = false;
  let asked = 0;
  const upstream = await backend((_request, response) => {
    asked++;
    if (isWell) response.end('well');
  });
  const gateway = await testGateway(config(upstream.url, { ...BREAKER, open: `${OPEN_S}s` }));
  await Promise.all(Array.from({ length: 5 }, () => call(gateway.url, '/')));
  expect(asked).toBe(5);

  const answer = await call(gateway.url, '/');
  expect([answer.status, problemCode(answer), answer.headers['retry-after']]).toEqual([
    503,
    'breaker_open',
    String(OPEN_S),
  ]);
  // As callers see it, several at once; beside what any answer takes on this machine, one of the gateway's own.
  const took = { dead: [] as number[], own: [] as number[] };
  const caller = async (): Promise<void> => {
    for (let i = 0; i < 25; i++) {
      for (const [of, url] of [
        ['dead', gateway.url],
        ['own', `${gateway.url}/livez`],
      ] as const) {
        const began = performance.now();
        await (await fetch(url)).arrayBuffer();
        took[of].push(performance.now() - began);
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, caller));
  const at = (share: number, of: number[]): number =>
    of.toSorted((a, b) => a - b)[Math.floor(of.length * share)] as number;
  for (const share of [0.5, 0.9])
    expect(at(share, took.dead) - at(share, took.own), `at ${share}, milliseconds`).toBeLessThan(10);
  const open = await eventually(() => {
    const lines = gateway.lines.filter(({ reason }) => reason === 'breaker_open');
    return lines.length === 101 && lines;
  });
  for (const line of open) {
    expect(line).toMatchObject({ status: 503, upstream: 'up', breaker: 'open' });
    expect(line).not.toHaveProperty('attempts');
  }
  expect(asked, 'nobody asked').toBe(5);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' })).toBe(2);

  isWell = true;
  await eventually(async () => (await call(gateway.url, '/')).status === 200);
  expect(asked, 'one probe').toBe(6);
  await gateway.accessLine(({ breaker, status }) => breaker === 'half-open' && status === 200);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' })).toBe(0);
  const changes = gateway.lines.filter(({ kind }) => kind === 'breaker');
  expect(changes.map(({ subject, from, to }) => `${subject} ${from} → ${to}`)).toEqual([
    'up closed → open',
    'up open → half-open',
    'up half-open → closed',
  ]);
});

it('it stays open over a reload', async () => {
  const upstream = await backend((request) => void request.socket.destroy());
  const settings = { ...BREAKER, open: '60s' };
  const gateway = await testGateway(config(upstream.url, settings));
  await Promise.all(Array.from({ length: 5 }, () => call(gateway.url, '/')));
  expect(problemCode(await call(gateway.url, '/'))).toBe('breaker_open');
  await gateway.write({ ...config(upstream.url, settings), server: { limits: { body: '1mb' } } });
  expect(await gateway.reload()).toBe(true);
  expect(problemCode(await call(gateway.url, '/'))).toBe('breaker_open');
  await gateway.write(config(upstream.url, { ...settings, minRequests: 7 }));
  expect(await gateway.reload()).toBe(true);
  expect(problemCode(await call(gateway.url, '/')), 'with other settings, too').toBe('breaker_open');
});

it('a revision that is only tried out, or refused, changes nothing about what serves', async () => {
  const asked: (string | undefined)[] = [];
  const upstream = await backend((request, response) => {
    asked.push(request.url);
    response.writeHead(500).end();
  });
  const plain = { targets: [{ url: upstream.url }] };
  const serving = { ...config(upstream.url, { ...BREAKER, open: '60s' }), consumers: [{ name: 'twin' }] };
  const gateway = await testGateway(serving);
  await Promise.all(Array.from({ length: 5 }, () => call(gateway.url, '/')));
  expect(problemCode(await call(gateway.url, '/'))).toBe('breaker_open');

  // Without a breaker, and with a check that would take the target out at once.
  const health = { path: '/tried-out', interval: '100ms', unhealthy: 1 };
  const dry = await admin(gateway, '/api/revisions?dryRun=true', {
    headers: { 'if-match': '*' },
    body: { patch: [{ op: 'replace', path: '/upstreams/up', value: { ...plain, health } }] },
  });
  expect([dry.status, dry.body.isNew]).toEqual([200, false]);
  expect(problemCode(await call(gateway.url, '/')), 'after a dry run').toBe('breaker_open');

  // Valid, and can't be built: one certificate of two consumers.
  const certificates = [{ subject: 'one' }];
  const [route] = serving.routes;
  await gateway.write({
    upstreams: { up: plain },
    consumers: ['one', 'other'].map((name) => ({ name, certificates })),
    routes: [{ ...route, policies: [{ 'auth-mtls': {} }] }],
  });
  expect(await gateway.reload()).toBe(false);
  expect(problemCode(await call(gateway.url, '/')), 'after a revision that was refused').toBe('breaker_open');
  expect(gateway.lines.filter(({ kind }) => kind === 'breaker')).toHaveLength(1);
  expect(asked.filter((path) => path !== '/')).toEqual([]);
});

it('answers that break off in the middle open it, clients that leave don’t', async () => {
  const upstream = await backend((request, response) => {
    if (request.url === '/silent') return;
    response.writeHead(200, { 'content-length': 100 }).write('half');
    setImmediate(() => response.destroy());
  });
  const gateway = await testGateway(config(upstream.url, { ...BREAKER, open: '60s' }));
  for (let i = 0; i < 10; i++) {
    const client = await rawClient(gateway.url);
    client.send('GET /silent HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
    client.socket.destroy();
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  }
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' })).toBe(0);
  await Promise.all(Array.from({ length: 5 }, () => call(gateway.url, '/').catch(() => undefined)));
  await eventually(async () => (await gateway.metric('gateway_breaker_state', { upstream: 'up' })) === 2);
});

it('a failure whose body breaks off, too, is one failure', async () => {
  const upstream = await backend((_request, response) => {
    response.writeHead(500, { 'content-length': 100 }).write('half');
    setImmediate(() => response.destroy());
  });
  const gateway = await testGateway(config(upstream.url, { ...BREAKER, open: '60s' }));
  const ask = (): Promise<unknown> => call(gateway.url, '/').catch(() => 'broken off');
  for (let i = 0; i < 4; i++) expect(await ask()).toBe('broken off');
  await eventually(() => gateway.lines.filter(({ msg }) => msg === 'request').length === 4);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' }), '5 are needed').toBe(0);
  await ask();
  await eventually(async () => (await gateway.metric('gateway_breaker_state', { upstream: 'up' })) === 2);
});

it('what retries make good does not open it; it counts requests, not attempts', async () => {
  let isWell = true;
  const [dead, half] = [
    await backend((request) => void request.socket.destroy()),
    await backend((request, response) => {
      if (isWell) response.end('well');
      else request.socket.destroy();
    }),
  ];
  const gateway = await testGateway({
    ...config(dead.url),
    upstreams: {
      up: {
        targets: [{ url: dead.url }, { url: half.url }],
        breaker: { ...BREAKER, open: '60s' },
        retry: { attempts: 2, on: ['connect', 'reset'], budget: '100%' },
      },
    },
  });
  const ask = async (): Promise<number> => (await call(gateway.url, '/')).status;
  for (let i = 0; i < 8; i++) expect(await ask()).toBe(200);
  expect(await gateway.metric('gateway_retries_total', { upstream: 'up' })).toBeGreaterThanOrEqual(4);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' })).toBe(0);
  isWell = false;
  for (let i = 0; i < 7; i++) expect(await ask()).toBe(502);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' }), '7 of 15 requests').toBe(0);
  expect(await ask()).toBe(502);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' })).toBe(2);
  expect(await ask()).toBe(503);
});
