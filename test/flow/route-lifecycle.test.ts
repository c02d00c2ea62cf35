import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString();

it('versions live side by side by path, header and host; the old one says that it will go and who still calls it', async () => {
  const up = await backend((request, response) =>
    response.setHeader('link', '</next>; rel="next"').end(request.url),
  );
  const key = { id: 'k1', sha256: createHash('sha256').update('shop-key').digest('hex') };
  const deprecated = day(-10);
  const sunset = day(10);
  const gateway = await testGateway({
    consumers: [{ name: 'shop', keys: [key] }],
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [
      {
        name: 'orders-v1',
        version: 'v1',
        match: { path: '/v1/orders' },
        upstream: 'up',
        policies: [
          { 'auth-api-key': {} },
          { lifecycle: { deprecated, sunset, link: 'https://example.com/migrate' } },
        ],
      },
      { name: 'orders-v2', version: 'v2', match: { path: '/v2/orders' }, upstream: 'up' },
      {
        name: 'orders-v3',
        version: 'v3',
        match: { path: '/orders', headers: { 'x-api-version': '3' } },
        upstream: 'up',
      },
      {
        name: 'orders-next',
        version: 'next',
        match: { path: '/orders', host: 'next.example.com' },
        upstream: 'up',
      },
      {
        name: 'orders-v0',
        version: 'v0',
        match: { path: '/v0/orders' },
        upstream: 'up',
        policies: [{ lifecycle: { deprecated: day(-20), sunset: day(-1), afterSunset: 'gone' } }],
      },
    ],
  });

  const old = await fetch(`${gateway.url}/v1/orders`, { headers: { 'x-api-key': 'shop-key' } });
  expect(old.status).toBe(200);
  expect(old.headers.get('deprecation')).toBe(`@${Math.floor(Date.parse(deprecated) / 1000)}`);
  expect(old.headers.get('sunset')).toBe(new Date(sunset).toUTCString());
  expect(old.headers.get('link')).toContain(
    '</next>; rel="next", <https://example.com/migrate>; rel="deprecation"',
  );
  const line = await gateway.accessLine(({ route }) => route === 'orders-v1');
  expect(line).toMatchObject({ consumer: 'shop', route_version: 'v1', deprecated: true });
  const labels = { route: 'orders-v1', version: 'v1', consumer: 'shop' };
  expect(await gateway.metric('gateway_deprecated_requests_total', labels)).toBe(1);

  expect((await fetch(`${gateway.url}/v2/orders`)).headers.get('deprecation')).toBeNull();
  await fetch(`${gateway.url}/orders`, { headers: { 'x-api-version': '3' } });
  const next = await rawClient(gateway.url);
  next.send('GET /orders HTTP/1.1\r\nHost: next.example.com\r\nConnection: close\r\n\r\n');
  await next.untilClosed();
  for (const version of ['v2', 'v3', 'next'])
    expect(await gateway.metric('gateway_requests_total', { version, reason: 'ok' })).toBe(1);

  const gone = await fetch(`${gateway.url}/v0/orders`);
  expect(gone.status).toBe(410);
  expect(await gone.json()).toMatchObject({ code: 'route_gone' });
  expect(gone.headers.get('sunset')).toMatch(/GMT$/);
  expect(await gateway.metric('gateway_deprecated_requests_total', { route: 'orders-v0' })).toBe(1);
});

it('the admin listener publishes the routes as OpenAPI', async () => {
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: 'http://127.0.0.1:1' }] } },
    routes: [
      {
        name: 'orders',
        version: 'v1',
        match: { path: '/orders/:id', methods: ['GET'] },
        upstream: 'up',
        policies: [
          { lifecycle: { deprecated: day(-1) } },
          { 'body-schema': { response: { type: 'object' } } },
        ],
      },
    ],
  });
  const answer = await fetch(`${gateway.adminUrl}/api/routes/openapi.json`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    openapi: '3.1.1',
    paths: {
      '/orders/{id}': {
        get: {
          operationId: 'orders',
          'x-version': 'v1',
          deprecated: true,
          responses: { '2XX': { content: { 'application/json': { schema: { type: 'object' } } } } },
        },
      },
    },
  });
});
