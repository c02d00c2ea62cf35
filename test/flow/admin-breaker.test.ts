import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call, problemCode } from '../helpers/raw-http.ts';

const READ = 'a-token-that-reads-long-enough';
const WRITE = 'a-token-that-writes-long-enough';

it('an operator opens and closes a breaker by hand, over a reload, and leaves it to itself again', async () => {
  let fails = false;
  let asked = 0;
  const upstream = await backend((_request, response) => {
    asked++;
    response.writeHead(fails ? 500 : 200).end();
  });
  const config = {
    admin: {
      tokens: [
        { name: 'ola', token: WRITE, rights: ['read', 'write'] },
        { name: 'screen', token: READ, rights: ['read'] },
      ],
    },
    upstreams: {
      up: {
        targets: [{ url: upstream.url }],
        breaker: { errorRate: '50%', minRequests: 5, window: '30s', open: '60s' },
      },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  };
  const gateway = await testGateway(config);
  const say = (body: unknown, token = WRITE) => admin(gateway, '/api/upstreams/up/breaker', { token, body });
  const shown = async () => {
    const { items } = (await admin(gateway, '/api/upstreams', { token: READ })).body;
    return items[0].breaker as { state: string; forced: boolean };
  };
  expect(await shown()).toEqual({ state: 'closed', forced: false });

  const opened = await say({ state: 'open', reason: 'the database is being moved' });
  expect([opened.status, opened.body]).toEqual([200, { state: 'open', forced: true }]);
  const refused = await call(gateway.url, '/');
  expect([refused.status, problemCode(refused), asked]).toEqual([503, 'breaker_open', 0]);
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'up' })).toBe(2);

  await gateway.write({ ...config, routes: [{ ...config.routes[0], priority: 'high' }] });
  expect(await gateway.reload()).toBe(true);
  expect((await call(gateway.url, '/')).status, 'it holds over a reload').toBe(503);

  expect((await say({ state: 'closed' })).body).toEqual({ state: 'closed', forced: true });
  fails = true;
  for (let i = 0; i < 10; i++) expect((await call(gateway.url, '/')).status).toBe(500);
  expect(await shown(), 'whatever fails').toEqual({ state: 'closed', forced: true });

  expect((await say({ state: 'auto' })).body).toEqual({ state: 'closed', forced: false });
  for (let i = 0; i < 5; i++) await call(gateway.url, '/');
  expect(await shown(), 'by itself again').toEqual({ state: 'open', forced: false });

  const changes = (await admin(gateway, '/api/changes', { token: READ })).body.items;
  const breaker = changes.filter(({ kind }: { kind: string }) => kind === 'breaker');
  expect(breaker).toMatchObject([
    { subject: 'up', from: 'closed', to: 'open', by: 'gateway' },
    { subject: 'up', from: 'open', to: 'closed', by: 'ola' },
    { subject: 'up', from: 'closed', to: 'open', by: 'ola', reason: 'the database is being moved' },
  ]);

  expectProblem(await say({ state: 'open' }, READ), 403, 'not_authorized');
  expectProblem(await say({ state: 'ajar' }), 400, 'body_invalid');
  const unknown = { token: WRITE, body: { state: 'open' } };
  expectProblem(await admin(gateway, '/api/upstreams/down/breaker', unknown), 404, 'resource_unknown');
  const { items } = (await admin(gateway, '/api/audit', { token: READ })).body;
  expect(items).toMatchObject([
    { action: 'setBreaker', outcome: 'resource_unknown', by: 'ola' },
    { action: 'setBreaker', outcome: 'body_invalid', by: 'ola' },
    { action: 'setBreaker', outcome: 'not_authorized', by: 'screen' },
    { action: 'setBreaker', outcome: 'ok', by: 'ola', details: { upstream: 'up', to: 'auto' } },
    { action: 'setBreaker', outcome: 'ok', details: { to: 'closed' } },
    { action: 'setBreaker', outcome: 'ok', details: { to: 'open' } },
  ]);
});
