import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';

it('a request goes to the upstream and back, and leaves a line and a figure', async () => {
  const backend = createServer((request, response) => response.end(`you asked for ${request.url}`)).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => void backend.close());
  const port = (backend.address() as AddressInfo).port;
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url: `http://127.0.0.1:${port}` }] } },
    routes: [{ name: 'things', match: { path: '/things/*' }, upstream: 'shop' }],
  });

  const response = await fetch(`${gateway.url}/things/1?page=2`);

  expect(response.status).toBe(200);
  expect(await response.text()).toBe('you asked for /things/1?page=2');
  const line = await gateway.accessLine(({ route }) => route === 'things');
  expect(line).toMatchObject({
    status: 200,
    reason: 'ok',
    upstream: 'shop',
    path: '/things/1?page=…',
    attempts: 1,
  });
  expect(await gateway.metric('gateway_requests_total', { route: 'things', reason: 'ok' })).toBe(1);
});
