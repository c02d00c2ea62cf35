import { readFile } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { called } from '../helpers/command.ts';
import { testGateway } from '../helpers/gateway.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const HASH = 'ab'.repeat(32);

it('what the admin API shows of the config holds no secret, written or from the environment', async () => {
  const gateway = await testGateway(
    {
      admin: { token: '${TOKEN}', tokens: [{ name: 'second', token: 'literal-token', rights: ['read'] }] },
      consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: HASH }] }],
      ai: {
        providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:9', apiKey: 'provider-key' } },
        models: { small: { targets: [{ provider: 'one', model: 'm' }] } },
      },
      routes: [],
    },
    { env: { TOKEN: 'token-of-the-environment' } },
  );
  const token = 'token-of-the-environment';
  const shown = await admin(gateway, '/api/config', { token });
  expect(shown.body.config.consumers[0].keys[0]).toEqual({ id: 'k1', sha256: '***' });
  expect(shown.body.text).toContain('${TOKEN}');

  const all = [shown.body];
  for (const path of ['/api/routes', '/api/status', '/api/audit', '/api/changes', '/openapi.json']) {
    const { status, body } = await admin(gateway, path, { token });
    expect(status).toBe(200);
    all.push(body);
  }
  const text = JSON.stringify(all);
  for (const secret of [token, 'literal-token', HASH, 'provider-key']) expect(text).not.toContain(secret);
});

it('credentials that a policy sets are shown nowhere', async () => {
  const set = { Authorization: 'Bearer ${UPSTREAM}', 'x-goog-api-key': 'literal-key', accept: 'text/plain' };
  const policies = [
    { headers: { request: { set } } },
    { query: { set: { api_key: '${UPSTREAM}' } } },
    { 'auth-basic': { users: [{ name: 'ann', sha256: HASH, consumer: 'shop' }] } },
  ];
  const gateway = await testGateway(
    {
      consumers: [{ name: 'shop' }],
      upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', policies }],
    },
    { env: { UPSTREAM: 'secret-of-upstream' } },
  );
  const shown = await admin(gateway, '/api/config');
  const routes = await admin(gateway, '/api/routes');
  const explained = await admin(gateway, '/api/explain', { body: { method: 'GET', target: '/x' } });
  vi.stubEnv('UPSTREAM', 'secret-of-upstream');
  const { code, said } = await called('explain', gateway.file, 'GET', '/x');
  expect(code).toBe(0);

  for (const text of [
    JSON.stringify(shown.body.config),
    JSON.stringify(routes.body),
    JSON.stringify(explained.body),
    said,
  ]) {
    expect(text).toContain('text/plain');
    for (const secret of ['secret-of-upstream', 'literal-key', HASH]) expect(text).not.toContain(secret);
  }
  expect(shown.body.text).toContain('Bearer ${UPSTREAM}');
  expect(shown.body.text).not.toContain('literal-key');
});

it('a secret that a route asks for in a header is shown nowhere', async () => {
  const headers = { 'X-Edge-Secret': 'secret-of-the-edge', 'x-tenant': 'blue' };
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } },
    routes: [
      { name: 'edge', match: { path: '/x', headers }, upstream: 'up' },
      { name: 'tenant', match: { path: '/x', headers: { 'x-tenant': 'blue' } }, upstream: 'up' },
    ],
  });
  const asked = { 'x-edge-secret': 'guessed', 'x-tenant': 'red' };
  const routes = await admin(gateway, '/api/routes');
  expect(routes.body.items[0].match.headers).toEqual({ 'X-Edge-Secret': '***', 'x-tenant': 'blue' });
  const described = await admin(gateway, '/api/routes/openapi.json');
  const explained = await admin(gateway, '/api/explain', {
    body: { method: 'GET', target: '/x', headers: asked },
  });
  expect(explained.body.others).toEqual([
    { name: 'edge', why: 'header X-Edge-Secret is not what the route asks for' },
    { name: 'tenant', why: 'header x-tenant is not "blue"' },
  ]);
  const lines = Object.entries(asked).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { said } = await called('explain', gateway.file, 'GET', '/x', ...lines);
  expect(said).toContain('is not what the route asks for');

  for (const text of [
    JSON.stringify(routes.body),
    JSON.stringify(described.body),
    JSON.stringify(explained.body),
    said,
  ]) {
    expect(text).toContain('blue');
    expect(text).not.toContain('secret-of-the-edge');
  }
});

it('a shown text that is sent back is refused where its masks stand, and a patch leaves secrets as they are', async () => {
  const gateway = await testGateway({
    admin: { token: 'literal-token' },
    upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const token = 'literal-token';
  const { body: shown, etag } = await admin(gateway, '/api/config', { token });
  const headers = { 'if-match': etag };
  const lines = shown.text.split('\n') as string[];
  const line = lines.findIndex((each) => each.includes('***')) + 1;
  expect(line).toBeGreaterThan(0);

  const back = await admin(gateway, '/api/revisions', { token, headers, body: { text: shown.text } });

  expectProblem(back, 422, 'config_invalid');
  expect(back.body.problems).toHaveLength(1);
  expect(back.body.problems[0]).toMatchObject({ line, message: expect.stringContaining('holds ***') });
  const quoted = shown.text.replace('***', '"***"');
  const again = await admin(gateway, '/api/revisions', { token, headers, body: { text: quoted } });
  expect(again.body.problems[0].message).toContain('holds ***');
  const patch = [{ op: 'add', path: '/routes/0/priority', value: 'high' }];
  const patched = await admin(gateway, '/api/revisions', { token, headers, body: { patch } });
  expect(patched.status).toBe(200);
  expect((await admin(gateway, '/api/config', { token })).status).toBe(200);
});

it('a shown text that is sent back with keepSecrets has them still, unless one belongs to somebody else now', async () => {
  const gateway = await testGateway({
    admin: { token: 'literal-token' },
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: HASH }] }],
    routes: [],
  });
  const token = 'literal-token';
  const { body: shown, etag } = await admin(gateway, '/api/config', { token });
  const send = (text: string) =>
    admin(gateway, '/api/revisions?keepSecrets=true', {
      token,
      headers: { 'if-match': etag },
      body: { text },
    });

  const renamed = await send(shown.text.replace('name: shop', 'name: another'));
  expectProblem(renamed, 422, 'config_invalid');
  expect(renamed.body.problems).toHaveLength(1);

  const applied = await send(`${shown.text}# mine\n`);
  expect(applied.status).toBe(200);
  expect(JSON.stringify(applied.body)).not.toContain(HASH);
  const written = await readFile(gateway.file, 'utf8');
  for (const kept of ['# mine', HASH, token]) expect(written).toContain(kept);
  expect(written).not.toContain('***');
});
