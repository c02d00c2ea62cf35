import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { policySchemas } from '../../src/gateway.ts';
import { backend } from '../helpers/backend.ts';
import { configText, testGateway } from '../helpers/gateway.ts';

async function seeingBackend() {
  const seen: string[] = [];
  const up = await backend((request, response) => {
    seen.push(request.url ?? '');
    response.end('ok');
  });
  return { seen, upstreams: { up: { targets: [{ url: `${up.url}/base` }] } } };
}

it('the upstream gets the rewritten path, policies and the log the one that came', async () => {
  const { seen, upstreams } = await seeingBackend();
  const sha256 = createHash('sha256').update('staff-key').digest('hex');
  const gateway = await testGateway({
    upstreams,
    consumers: [{ name: 'staff', groups: ['staff'], keys: [{ id: 'k1', sha256 }] }],
    routes: [
      {
        name: 'v2',
        version: 'v2',
        match: { path: '/api/v2/*' },
        upstream: 'up',
        rewrite: { from: '^/api/v2/(.*)$', to: '/api/v1/$1' },
        policies: [{ 'auth-api-key': {} }, { authorize: { groups: ['nobody'], paths: ['/api/v2/admin'] } }],
      },
      { name: 'bare', match: { path: '/shop/*' }, upstream: 'up', rewrite: { prefix: { strip: '/shop' } } },
    ],
  });
  const ask = async (path: string): Promise<number> => {
    const answer = await fetch(gateway.url + path, { headers: { 'x-api-key': 'staff-key' } });
    await answer.arrayBuffer();
    return answer.status;
  };

  expect(await ask('/api/v2/products/7?color=red%20ish')).toBe(200);
  expect(await ask('/shop/cart')).toBe(200);
  expect(await ask('/shop')).toBe(200);
  expect(await ask('/api/v2/admin')).toBe(403);

  expect(seen).toEqual(['/base/api/v1/products/7?color=red%20ish', '/base/cart', '/base/']);
  expect(await gateway.accessLine(({ path }) => String(path).startsWith('/api/v2/products'))).toMatchObject({
    route: 'v2',
    route_version: 'v2',
    upstream_path: '/api/v1/products/7',
  });
  expect(await gateway.metric('gateway_requests_total', { route: 'v2', version: 'v2', reason: 'ok' })).toBe(
    1,
  );
});

it('a path that would climb by its rewriting is refused and never sent', async () => {
  const { seen, upstreams } = await seeingBackend();
  const gateway = await testGateway({
    upstreams,
    routes: [
      {
        name: 'files',
        match: { path: '/files/*' },
        upstream: 'up',
        rewrite: { from: '^/files/a(.*)$', to: '/files/$1' },
      },
    ],
  });
  const answer = await fetch(`${gateway.url}/files/a../secret`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'path_invalid' });
  expect((await gateway.accessLine(({ route }) => route === 'files')).detail).toContain('not canonical');
  expect(seen).toEqual([]);
});

it.each([
  [{ from: '^/(', to: '/' }, 'is no regular expression'],
  [{ from: '^/a' }, 'needs from and to, or prefix'],
  [{ from: '^/a', to: '/b', prefix: { strip: '/a' } }, 'needs from and to, or prefix'],
  [{ from: '^/a', to: '/$2' }, 'has no group for the $2'],
  [{ from: '^/a', to: '/b?c=d' }, 'the policy query changes the query'],
  [{ prefix: { strip: 'api' } }, 'must be a path like /api/v1'],
])('a rewrite %j is refused with its place', async (rewrite, message) => {
  const text = configText({
    upstreams: { up: { targets: [{ url: 'http://127.0.0.1:1' }] } },
    routes: [{ name: 'r', match: { path: '/a' }, upstream: 'up', rewrite }],
  });
  const policies = await policySchemas();
  expect(() => loadConfig({ file: 'f.yaml', text, env: {}, policies })).toThrow(
    expect.objectContaining({
      problems: [
        expect.objectContaining({
          key: expect.stringContaining('routes[0].rewrite'),
          message: expect.stringContaining(message),
        }),
      ],
    }),
  );
});
