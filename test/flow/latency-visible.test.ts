import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call, rawClient } from '../helpers/raw-http.ts';

const SLOW_MS = 120;
/** A timer of the backend may be a little early. */
const EARLY_MS = 2;

it('the log says what of a request’s time was the upstream’s, and a histogram by route and upstream', async () => {
  const broken = await backend((request) => void request.socket.destroy());
  const slow = await backend((_request, response) => setTimeout(() => response.end('slow'), SLOW_MS));
  const gateway = await testGateway({
    upstreams: {
      up: { targets: [{ url: broken.url }, { url: slow.url }], retry: { attempts: 2, budget: '100%' } },
      dead: { targets: [{ url: broken.url }] },
    },
    routes: [
      { name: 'all', match: { path: '/*' }, upstream: 'up' },
      { name: 'dead', match: { path: '/dead' }, upstream: 'dead' },
      {
        name: 'kept',
        match: { path: '/kept' },
        upstream: 'up',
        policies: [{ 'response-cache': { ttl: '1m' } }],
      },
    ],
  });
  await call(gateway.url, '/');
  const line = await gateway.accessLine(({ path }) => path === '/');
  expect(line.upstream_ms).toBeGreaterThanOrEqual(SLOW_MS - EARLY_MS);
  expect(line.duration_ms).toBeGreaterThanOrEqual(line.upstream_ms as number);
  // The attempt that failed is not the one that answered.
  const labels = { route: 'all', upstream: 'up' };
  expect(await gateway.metric('gateway_upstream_duration_seconds_count', labels)).toBe(1);
  expect(await gateway.metric('gateway_upstream_duration_seconds_sum', labels)).toBeCloseTo(
    (line.upstream_ms as number) / 1000,
    4,
  );
  // Where no upstream answers there is no time of one.
  await call(gateway.url, '/dead');
  expect(await gateway.accessLine(({ path }) => path === '/dead')).not.toHaveProperty('upstream_ms');
  await call(gateway.url, '/kept');
  await call(gateway.url, '/kept');
  const hit = await gateway.accessLine(({ cache }) => cache === 'hit');
  expect(hit).not.toHaveProperty('upstream_ms');
  expect(await gateway.metric('gateway_upstream_duration_seconds_count')).toBe(2);
});

it('a request that waits while the gateway is busy says how long at most', async () => {
  const up = await backend((_request, response) => response.end('ok'));
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  // The gateway lives in this process: what blocks its loop is this.
  client.send('GET /late HTTP/1.1\r\nhost: a\r\n\r\n');
  const until = performance.now() + 400;
  while (performance.now() < until);
  await client.until('ok');
  const { queued_ms } = await gateway.accessLine(({ path }) => path === '/late');
  expect(queued_ms).toBeGreaterThanOrEqual(350);
});
