import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

/** A request as a backend saw it. */
interface Seen {
  line: string;
  headers: IncomingMessage['headers'];
  body: string;
}

const seenBy = (seen: Seen[], answer: (response: ServerResponse) => void) =>
  backend((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      seen.push({ line: `${method} ${url}`, headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
  });

const config = (real: string, shadow: string, mirror: object = {}) => ({
  upstreams: {
    real: { targets: [{ url: `${real}/base` }] },
    shadow: { targets: [{ url: `${shadow}/v2` }], host: 'target' },
  },
  routes: [
    { name: 'shop', match: { path: '/*' }, upstream: 'real', mirror: { upstream: 'shadow', ...mirror } },
  ],
});

it('a shadow gets what the upstream gets, marked, and its answer goes nowhere', async () => {
  const [reals, shadows]: [Seen[], Seen[]] = [[], []];
  const real = await seenBy(reals, (response) => response.end('real'));
  const shadow = await seenBy(shadows, (response) => response.writeHead(500).end('shadow'));
  const gateway = await testGateway(config(real.url, shadow.url));
  const answer = await call(gateway.url, '/orders?x=1', {
    method: 'POST',
    body: 'hello',
    headers: { 'content-type': 'text/plain' },
  });
  expect([answer.status, answer.body.toString()]).toEqual([200, 'real']);
  const copy = await eventually(() => shadows[0]);
  expect(copy).toMatchObject({ line: 'POST /v2/orders?x=1', body: 'hello' });
  expect(reals[0]).toMatchObject({ line: 'POST /base/orders?x=1', body: 'hello' });
  expect(copy.headers).toEqual({
    ...reals[0]?.headers,
    host: new URL(shadow.url).host,
    'x-gateway-shadow': 'shop',
  });
  expect(reals[0]?.headers).not.toHaveProperty('x-gateway-shadow');
  const outcomes = { route: 'shop', upstream: 'shadow', outcome: '5xx' };
  await eventually(async () => (await gateway.metric('gateway_mirrored_requests_total', outcomes)) === 1);
  expect(await gateway.metric('gateway_requests_total', { status_class: '5xx' })).toBe(0);
});

it('a shadow that hangs harms nobody: copies beyond the bound are left out, and those under way end in time', async () => {
  const shadows: Seen[] = [];
  const real = await backend((_request, response) => response.end('real'));
  const shadow = await seenBy(shadows, () => undefined);
  const gateway = await testGateway(config(real.url, shadow.url, { maxInFlight: 3, timeout: '4s' }));
  const mirrored = (outcome: string): Promise<number> =>
    gateway.metric('gateway_mirrored_requests_total', { outcome });

  const answers = await Promise.all(Array.from({ length: 20 }, () => call(gateway.url, '/')));
  expect(answers.map(({ body }) => body.toString())).toEqual(answers.map(() => 'real'));
  await eventually(() => shadows.length === 3);
  expect(await mirrored('dropped_busy')).toBe(17);
  await eventually(async () => (await mirrored('upstream_timeout')) === 3);
  await call(gateway.url, '/');
  await eventually(() => shadows.length === 4);

  await shadow.close();
  expect((await call(gateway.url, '/')).status).toBe(200);
  await eventually(async () => (await mirrored('upstream_connect')) > 0);
});

it('bodies that are streamed are not copied, and only the share that is asked for', async () => {
  const shadows: Seen[] = [];
  const real = await seenBy([], (response) => response.end('real'));
  const shadow = await seenBy(shadows, (response) => response.end());
  const gateway = await testGateway(config(real.url, shadow.url));
  const large = 'x'.repeat(100_000);
  expect((await call(gateway.url, '/', { method: 'POST', body: large })).status).toBe(200);
  expect(await gateway.metric('gateway_mirrored_requests_total', { outcome: 'dropped_body' })).toBe(1);
  await gateway.write(config(real.url, shadow.url, { share: '0%' }));
  expect(await gateway.reload()).toBe(true);
  for (let i = 0; i < 10; i++) await call(gateway.url, '/');
  expect(await gateway.metric('gateway_mirrored_requests_total')).toBe(1);
  expect(shadows).toEqual([]);
});

it('an endless answer of a shadow is broken off', async () => {
  const real = await backend((_request, response) => response.end('real'));
  let hasClosed = false;
  const shadow = await backend((_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(200_000)), 1);
    response.on('close', () => {
      hasClosed = true;
      clearInterval(timer);
    });
  });
  const gateway = await testGateway(config(real.url, shadow.url));
  expect((await call(gateway.url, '/')).body.toString()).toBe('real');
  await eventually(() => hasClosed);
  expect(await gateway.metric('gateway_mirrored_requests_total', { outcome: '2xx' })).toBe(1);
});
