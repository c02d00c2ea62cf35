import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { testGateway } from '../helpers/gateway.ts';

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
