import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { testGateway } from '../helpers/gateway.ts';

const OLA = 'olas-token';
const PIA = 'pias-token';
const config = {
  admin: {
    tokens: [
      { name: 'ola', token: OLA, rights: ['read', 'write'] },
      { name: 'pia', token: PIA, rights: ['read', 'write'] },
    ],
  },
  log: { level: 'info' },
};
const body = (level: string): object => ({ patch: [{ op: 'replace', path: '/log/level', value: level }] });

it('every change stands in the audit log: who, when, from where, what, and what came of it', async () => {
  const gateway = await testGateway(config);
  const began = Date.now();
  const { etag } = await admin(gateway, '/api/config', { token: OLA });
  const headers = { 'if-match': etag, 'x-request-id': 'change-0001' };
  await admin(gateway, '/api/revisions', { token: OLA, headers, body: body('warn') });
  await admin(gateway, '/api/revisions', { token: PIA, headers, body: body('error') });

  const { items } = (await admin(gateway, '/api/audit', { token: PIA })).body;

  expect(items).toMatchObject([
    { by: 'pia', action: 'applyRevision', status: 412, outcome: 'revision_changed' },
    {
      by: 'ola',
      from: '127.0.0.1',
      action: 'applyRevision',
      method: 'POST',
      path: '/api/revisions',
      status: 200,
      outcome: 'ok',
      details: { revision: 2, isNew: true },
      requestId: 'change-0001',
    },
  ]);
  expect(items[1].at).toBeGreaterThanOrEqual(began);
  expect((await admin(gateway, '/api/revisions/2', { token: PIA })).body.author).toBe('admin:ola');
  const logged = gateway.lines.filter(({ msg }) => msg === 'admin change');
  expect(logged).toHaveLength(2);
  expect(JSON.stringify(logged)).not.toContain(OLA);
});

it('the audit log is read page by page, newest first, each entry once', async () => {
  const gateway = await testGateway(config);
  for (let i = 0; i < 7; i++) {
    const headers = { 'x-request-id': `change-000${i}` };
    await admin(gateway, '/api/revisions', { token: OLA, headers, body: body('warn') });
  }
  const seen: string[] = [];
  for (let path = '/api/audit?limit=3'; path !== ''; ) {
    const { items, next } = (await admin(gateway, path, { token: OLA })).body;
    seen.push(...items.map(({ requestId }: { requestId: string }) => requestId));
    path = next === undefined ? '' : `/api/audit?limit=3&after=${next}`;
  }
  expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((i) => `change-000${i}`));
});

it('a wrong token stands in the audit log as well: from where, for what, and not the token', async () => {
  const gateway = await testGateway(config);
  const headers = { 'x-request-id': 'guess-00001' };
  await admin(gateway, '/api/config', { token: 'guessed-token', headers });

  const { items } = (await admin(gateway, '/api/audit', { token: PIA })).body;

  expect(items).toMatchObject([
    {
      by: '(unknown)',
      from: '127.0.0.1',
      action: 'getConfig',
      method: 'GET',
      status: 401,
      outcome: 'auth_token_invalid',
      requestId: 'guess-00001',
    },
  ]);
  expect(JSON.stringify([items, gateway.lines])).not.toContain('guessed-token');
});
