import { expect, it } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';

it('an API route under the models’ own prefix has errors of an API, and the models theirs', async () => {
  const gateway = await testGateway({
    upstreams: { dead: { targets: [{ url: 'http://127.0.0.1:1' }] } },
    routes: [{ name: 'orders', match: { path: '/v1/orders' }, upstream: 'dead' }],
    ai: {
      providers: { p: { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k' } },
      models: { m: { targets: [{ provider: 'p', model: 'x' }] } },
    },
  });
  const orders = await fetch(`${gateway.url}/v1/orders`);
  expect(orders.status).toBe(502);
  expect(orders.headers.get('content-type')).toBe('application/problem+json');
  const chat = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [] }),
  });
  expect(await chat.json()).toMatchObject({ error: { code: 'upstream_connect' } });
  expect(chat.headers.get('x-gateway-attempts')).toBe('1');
  expect(await (await fetch(`${gateway.url}/v1/nothing`)).json()).toMatchObject({
    error: { code: 'route_not_found' },
  });
});

it('a body that is no JSON is not quoted in the log', async () => {
  const gateway = await testGateway({
    ai: {
      providers: { p: { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k' } },
      models: { m: { targets: [{ provider: 'p', model: 'x' }] } },
    },
  });
  await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'sk-live-4242 hunter2',
  });
  await gateway.accessLine(({ reason }) => reason === 'body_malformed');
  expect(JSON.stringify(gateway.lines)).not.toMatch(/sk-live|hunter2/);
});
