import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { testGateway } from '../helpers/gateway.ts';

it('without a token, a page that makes its name point at this machine learns nothing', async () => {
  const gateway = await testGateway({});
  const { host } = new URL(gateway.adminUrl);

  for (const hostile of [
    'evil.example',
    `evil.example:${new URL(gateway.adminUrl).port}`,
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ]) {
    const answer = await admin(gateway, '/api/config', { headers: { host: hostile } });
    expectProblem(answer, 403, 'cross_site_refused');
  }

  for (const own of [host, 'localhost:9090', '[::1]:9090', '127.0.0.1']) {
    expect((await admin(gateway, '/api/config', { headers: { host: own } })).status).toBe(200);
  }
});

it('a page of another site changes nothing, with a token or without', async () => {
  const open = await testGateway({});
  const guarded = await testGateway({ admin: { token: 'an-operators-token' } });

  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'cross-site' },
  ] as Record<string, string>[]) {
    expectProblem(await admin(open, '/api/anything', { method: 'POST', headers }), 403, 'cross_site_refused');
    const token = 'an-operators-token';
    expectProblem(
      await admin(guarded, '/api/anything', { method: 'POST', headers, token }),
      403,
      'cross_site_refused',
    );
  }

  const origin = open.adminUrl;
  const own = await admin(open, '/api/anything', { method: 'POST', headers: { origin } });
  expectProblem(own, 404, 'resource_unknown');
});
