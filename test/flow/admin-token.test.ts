import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { testGateway } from '../helpers/gateway.ts';

const TOKEN = 'an-operators-token';
const READER = 'a-readers-token';

const config = {
  admin: {
    token: TOKEN,
    tokens: [
      { name: 'dashboard', sha256: createHash('sha256').update(READER).digest('hex'), rights: ['read'] },
    ],
  },
};

it('the admin API opens to a token only; metrics and probes to everybody', async () => {
  const gateway = await testGateway(config);

  const refused = await admin(gateway, '/api/status');
  expectProblem(refused, 401, 'auth_token_missing');
  expect(refused.headers['www-authenticate']).toContain('Bearer');
  expectProblem(await admin(gateway, '/openapi.json'), 401, 'auth_token_missing');
  expectProblem(await admin(gateway, '/api/no-such-thing'), 401, 'auth_token_missing');
  expectProblem(await admin(gateway, '/api/status', { token: `${TOKEN}x` }), 401, 'auth_token_invalid');

  expect((await admin(gateway, '/api/status', { token: TOKEN })).body).toMatchObject({
    revision: 1,
    isReady: true,
  });
  expectProblem(await admin(gateway, '/api/no-such-thing', { token: TOKEN }), 404, 'resource_unknown');
  expect((await admin(gateway, '/metrics')).status).toBe(200);
  expect((await admin(gateway, '/readyz')).body).toBe('ok\n');
});

it('a named token has its rights and no more', async () => {
  const gateway = await testGateway(config);
  expect((await admin(gateway, '/api/routes', { token: READER })).status).toBe(200);

  const refused = await admin(gateway, '/api/anything', { token: READER, method: 'POST' });

  expectProblem(refused, 403, 'not_authorized');
  const { items } = (await admin(gateway, '/api/audit', { token: TOKEN })).body;
  expect(items).toMatchObject([
    { by: 'dashboard', from: '127.0.0.1', status: 403, outcome: 'not_authorized' },
  ]);
});

it('a token that a reload takes away opens nothing any more', async () => {
  const gateway = await testGateway(config);
  const headers = { authorization: `Bearer ${READER}` };
  const events = await fetch(`${gateway.adminUrl}/api/events`, { headers });
  expect(events.status).toBe(200);
  await gateway.write({ admin: { token: TOKEN } });
  expect(await gateway.reload()).toBe(true);

  expectProblem(await admin(gateway, '/api/status', { token: READER }), 401, 'auth_token_invalid');
  await gateway.write({ admin: { token: TOKEN }, log: { level: 'warn' } });
  expect(await gateway.reload()).toBe(true);
  await expect(events.text(), 'what is open ends before it says anything more').rejects.toThrow();
});

it('whoever guesses tokens is slowed down to ten a minute, a right guess included', async () => {
  const gateway = await testGateway(config);
  for (let guess = 0; guess < 10; guess++) {
    expectProblem(
      await admin(gateway, '/api/status', { token: `guess-${guess}` }),
      401,
      'auth_token_invalid',
    );
  }

  const slowed = await admin(gateway, '/api/status', { token: TOKEN });

  expectProblem(slowed, 429, 'rate_limited');
  expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
  expect((await admin(gateway, '/metrics')).status).toBe(200);
});

it('the description is made from the routes and covers each of them', async () => {
  const gateway = await testGateway(config);
  const { body } = await admin(gateway, '/openapi.json', { token: TOKEN });
  expect(body.openapi).toBe('3.1.0');
  const operations = Object.values<Record<string, { operationId?: string }>>(body.paths).flatMap((path) =>
    Object.values(path),
  );
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids).toContain('getConfig');
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(ids.length);
});
