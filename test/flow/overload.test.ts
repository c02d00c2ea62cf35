import { once } from 'node:events';
import { connect } from 'node:http2';
import { getHeapStatistics } from 'node:v8';
import { expect, it, onTestFinished } from 'vitest';
import { rawProvider } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode } from '../helpers/raw-http.ts';

const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;

const routes = PRIORITIES.map((priority) => ({
  name: priority,
  match: { path: `/${priority}/*` },
  upstream: 'shop',
  priority,
}));

/** A backend whose slow answers come when the test says so. */
async function shop(): Promise<{ url: string; waiting: number; finish(): void }> {
  const open: (() => void)[] = [];
  const { url } = await backend((request, response) => {
    if (request.url?.endsWith('/slow')) open.push(() => response.end('slow'));
    else response.end('quick');
  });
  return {
    url,
    get waiting() {
      return open.length;
    },
    finish: () => {
      for (const answer of open.splice(0)) answer();
    },
  };
}

const get = (gateway: TestGateway, path: string) => call(gateway.url, path);

it('as the gateway fills, low goes first and critical last, each with a reason and a time to wait', async () => {
  const slow = await shop();
  const gateway = await testGateway({
    server: { shed: { maxInFlight: 20, maxEventLoopDelay: '1h' } },
    upstreams: { shop: { targets: [{ url: slow.url }] } },
    routes,
  });
  const running: Promise<{ status: number }>[] = [];
  const fillTo = async (count: number): Promise<void> => {
    while (running.length < count) running.push(get(gateway, '/critical/slow'));
    await eventually(() => slow.waiting === count);
  };
  const served = async (): Promise<string[]> => {
    const answers = await Promise.all(PRIORITIES.map((priority) => get(gateway, `/${priority}/quick`)));
    return PRIORITIES.filter((_, i) => answers[i]?.status === 200);
  };

  await fillTo(5);
  expect(await served()).toEqual(['critical', 'high', 'normal', 'low']);
  await fillTo(10);
  expect((await get(gateway, '/low/quick')).status).toBe(503);
  expect((await get(gateway, '/normal/quick')).status).toBe(200);
  await fillTo(15);
  expect((await get(gateway, '/normal/quick')).status).toBe(503);
  expect((await get(gateway, '/high/quick')).status).toBe(200);
  await fillTo(18);
  expect((await get(gateway, '/high/quick')).status).toBe(503);
  expect((await get(gateway, '/critical/quick')).status).toBe(200);
  await fillTo(20);
  const refused = await get(gateway, '/critical/quick');

  expect(problemCode(refused)).toBe('overloaded');
  expect(refused.status).toBe(503);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  const line = await gateway.accessLine(({ route }) => route === 'low');
  expect(line).toMatchObject({ route: 'low', status: 200 });
  const shed = await gateway.accessLine(({ route, status }) => route === 'low' && status === 503);
  expect(shed).toMatchObject({ reason: 'overloaded', priority: 'low' });
  for (const priority of PRIORITIES) {
    const labels = { route: priority, priority, reason: 'overloaded' };
    expect(await gateway.metric('gateway_shed_requests_total', labels)).toBe(1);
  }
  await eventually(() =>
    gateway.lines.some(
      ({ msg, kind, to }) => msg === 'state changed' && kind === 'shedding' && to !== 'none',
    ),
  );
  slow.finish();
  expect((await Promise.all(running)).every(({ status }) => status === 200)).toBe(true);
  await eventually(async () => (await served()).length === 4);
});

it('who does not read that it was shed takes no room from those who matter more', async () => {
  const slow = await shop();
  const gateway = await testGateway({
    server: { http2: true, shed: { maxInFlight: 20, maxEventLoopDelay: '1h' } },
    upstreams: { shop: { targets: [{ url: slow.url }] } },
    routes,
  });
  // A window of nothing: heads come, and no answer's body.
  const session = connect(gateway.url, { settings: { initialWindowSize: 0 } });
  onTestFinished(() => session.destroy());
  const status = async (path: string): Promise<unknown> =>
    (await once(session.request({ ':path': path }), 'response'))[0][':status'];
  const first = Array.from({ length: 10 }, () => session.request({ ':path': '/low/slow' }));
  await eventually(() => slow.waiting === first.length);
  const flood = await Promise.all(Array.from({ length: 40 }, () => status('/low/quick')));
  expect(new Set(flood)).toEqual(new Set([503]));
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(50);
  expect(await Promise.all(PRIORITIES.map((priority) => status(`/${priority}/quick`)))).toEqual([
    200, 200, 200, 503,
  ]);
});

it('while the event loop is late, low is shed and critical served; once it is not, all are served again', async () => {
  const quick = await shop();
  const gateway = await testGateway({
    server: { shed: { maxEventLoopDelay: '100ms' } },
    upstreams: { shop: { targets: [{ url: quick.url }] } },
    routes,
  });
  await eventually(async () => (await get(gateway, '/low/quick')).status === 200);
  // Every turn of the loop takes a quarter of a second: above the 100 ms of low, below the 800 ms of critical.
  let isBusy = true;
  onTestFinished(() => {
    isBusy = false;
  });
  const work = (): void => {
    const until = performance.now() + 250;
    while (performance.now() < until);
    if (isBusy) setTimeout(work, 1);
  };
  work();

  // Both at once: a busy machine may be later than even critical bears, for a moment.
  const [refused] = await eventually(async () => {
    const both = await Promise.all(['low', 'critical'].map((priority) => get(gateway, `/${priority}/quick`)));
    return both.map(({ status }) => status).join() === '503,200' && both;
  }, 60_000);

  expect(refused && problemCode(refused)).toBe('overloaded');
  isBusy = false;
  await eventually(async () => (await get(gateway, '/low/quick')).status === 200);
});

it('a route takes as many requests at once as it may, over a reload too, and others are not touched', async () => {
  const slow = await shop();
  const limited = (max: number): object => ({
    upstreams: { shop: { targets: [{ url: slow.url }] } },
    routes: [
      { name: 'limited', match: { path: '/limited/*' }, upstream: 'shop', concurrency: { max } },
      { name: 'free', match: { path: '/free/*' }, upstream: 'shop' },
    ],
  });
  const gateway = await testGateway(limited(3));
  const running = [1, 2, 3].map(() => get(gateway, '/limited/slow'));
  await eventually(() => slow.waiting === 3);

  const refused = await get(gateway, '/limited/quick');

  expect(problemCode(refused)).toBe('concurrency_limited');
  expect({ status: refused.status, retryAfter: refused.headers['retry-after'] }).toEqual({
    status: 503,
    retryAfter: '1',
  });
  expect((await get(gateway, '/free/quick')).status).toBe(200);
  const labels = { route: 'limited', priority: 'normal', reason: 'concurrency_limited' };
  expect(await gateway.metric('gateway_shed_requests_total', labels)).toBe(1);

  await gateway.write(limited(4));
  expect(await gateway.reload()).toBe(true);
  running.push(get(gateway, '/limited/slow'));
  await eventually(() => slow.waiting === 4);
  expect((await get(gateway, '/limited/quick')).status).toBe(503);
  slow.finish();
  await Promise.all(running);
  await eventually(async () => (await get(gateway, '/limited/quick')).status === 200);
});

it('a client that leaves makes room', async () => {
  const slow = await shop();
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url: slow.url }] } },
    routes: [{ name: 'limited', match: { path: '/*' }, upstream: 'shop', concurrency: { max: 1 } }],
  });
  const leaving = new AbortController();
  const left = fetch(`${gateway.url}/slow`, { signal: leaving.signal }).catch((error: Error) => error.name);
  await eventually(() => slow.waiting === 1);
  expect((await get(gateway, '/quick')).status).toBe(503);
  leaving.abort();
  expect(await left).toBe('AbortError');
  await eventually(async () => (await get(gateway, '/quick')).status === 200);
});

it.each([
  ['resident memory', 'maxRss', () => process.memoryUsage.rss()],
  ['heap', 'maxHeap', () => getHeapStatistics().used_heap_size],
] as const)('as its %s grows over the limit, low goes first', async (what, limit, used) => {
  const { url } = await shop();
  const config = (bytes: number) => ({
    server: { shed: { [limit]: `${Math.round(bytes)}b` } },
    upstreams: { shop: { targets: [{ url }] } },
    routes,
  });
  // What is collected meanwhile is less than half of it, and what is new less than half again.
  const gateway = await testGateway(config(10 * used()));
  expect((await get(gateway, '/low/quick')).status).toBe(200);
  await gateway.write(config(used() / 4));
  expect(await gateway.reload()).toBe(true);
  for (const priority of PRIORITIES) expect((await get(gateway, `/${priority}/quick`)).status).toBe(503);
  expect(await gateway.accessLine(({ status }) => status === 503)).toMatchObject({
    reason: 'overloaded',
    detail: what,
  });
});

it('calls to models have a priority too, and are refused in the shape of their API', async () => {
  const open: (() => void)[] = [];
  const provider = await rawProvider((response) => {
    open.push(() => response.writeHead(500).end());
  });
  const gateway = await testGateway({
    server: { shed: { maxInFlight: 2 } },
    ai: {
      priority: 'low',
      providers: { one: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: 'k' } },
      models: { small: { targets: [{ provider: 'one', model: 'm' }] } },
    },
  });
  const ask = () =>
    call(gateway.url, '/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] }),
    });
  const first = ask();
  await eventually(() => open.length === 1);

  const refused = await ask();

  expect(refused.status).toBe(503);
  expect(JSON.parse(refused.body.toString())).toMatchObject({
    error: { code: 'overloaded', type: 'server_error' },
  });
  expect(refused.headers['retry-after']).toBe('10');
  const labels = { route: 'ai', priority: 'low', reason: 'overloaded' };
  expect(await gateway.metric('gateway_shed_requests_total', labels)).toBe(1);
  open[0]?.();
  await first;
});
