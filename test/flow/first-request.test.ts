import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';

it('a request goes to the upstream and back, and leaves a line and a figure', async () => {
  const shop = await backend((request, response) => response.end(`you asked for ${request.url}`));
  const gateway = await testGateway({
    upstreams: { shop: { targets: [{ url: shop.url }] } },
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
