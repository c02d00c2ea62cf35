import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';

const DAY = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();

async function shop(): Promise<TestGateway> {
  const { url } = await backend((_request, response) => response.end('here'));
  return testGateway({
    consumers: [
      { name: 'storefront' },
      { name: 'robot' },
      { name: 'steady', keys: [{ id: 'k1', sha256: 'ab'.repeat(32) }] },
    ],
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      { name: 'things', match: { path: '/things' }, upstream: 'shop', policies: [{ 'auth-api-key': {} }] },
    ],
  });
}

const show = async (gateway: TestGateway, key: string): Promise<number> =>
  (await fetch(`${gateway.url}/things`, { headers: { 'x-api-key': key } })).status;

it('a key is created, shown once, and lets in at once; revoked, it lets nobody in any more', async () => {
  const gateway = await shop();

  const created = await admin(gateway, '/api/keys', { body: { consumer: 'storefront' } });

  const { key, ...rest } = created.body as { key: string };
  expect(rest).toEqual({
    consumer: 'storefront',
    id: 'k1',
    revision: 2,
    file: { isWritten: true, reason: '' },
  });
  expect(await show(gateway, key)).toBe(200);
  const said: unknown[] = [await readFile(gateway.file, 'utf8'), gateway.lines];
  for (const path of ['/api/keys', '/api/config', '/api/revisions/2', '/api/audit', '/api/changes'])
    said.push((await admin(gateway, path)).body);
  expect(JSON.stringify(said)).not.toContain(key);
  expect((await admin(gateway, '/api/keys')).body.items).toEqual([
    { consumer: 'storefront', id: 'k1', state: 'active' },
    { consumer: 'steady', id: 'k1', state: 'active' },
  ]);

  const revoked = await admin(gateway, '/api/keys/storefront/k1', { method: 'DELETE' });

  expect(revoked.body).toMatchObject({ id: 'k1', revision: 3 });
  expect(await show(gateway, key)).toBe(401);
  expect((await admin(gateway, '/api/audit')).body.items).toMatchObject([
    { action: 'revokeKey', details: { consumer: 'storefront', key: 'k1', to: 'revoked', revision: 3 } },
    { action: 'createKey', details: { consumer: 'storefront', key: 'k1', to: 'created', revision: 2 } },
  ]);
  const changes = (await admin(gateway, '/api/changes')).body.items as { kind: string }[];
  expect(changes.find(({ kind }) => kind === 'key')).toMatchObject({
    subject: 'storefront k1',
    to: 'revoked',
    by: 'local',
  });
});

it('a rotation lets both keys in until the older one ends, and an end can be put forward', async () => {
  const gateway = await shop();
  const old = (await admin(gateway, '/api/keys', { body: { consumer: 'robot', expires: inDays(300) } })).body;

  const rotated = (await admin(gateway, '/api/keys/robot/rotate', { body: { until: inDays(7) } })).body;

  expect(rotated).toMatchObject({ id: 'k2', ended: ['k1'] });
  expect([await show(gateway, old.key), await show(gateway, rotated.key)]).toEqual([200, 200]);
  const at = inDays(-1);
  expect((await admin(gateway, '/api/keys/robot/k1/expire', { body: { at } })).status).toBe(200);
  expect([await show(gateway, old.key), await show(gateway, rotated.key)]).toEqual([401, 200]);
  const { items } = (await admin(gateway, '/api/keys')).body;
  expect(items.map(({ state }: { state: string }) => state)).toEqual([`expired ${at}`, 'active', 'active']);
});

it('what can not be done to keys is refused with the reason, and changes nothing', async () => {
  const gateway = await shop();
  const none = expectProblem(
    await admin(gateway, '/api/keys', { body: { consumer: 'nobody' } }),
    422,
    'key_change_refused',
  );
  expect(none.title).toContain('there is storefront, robot, steady');
  const missing = await admin(gateway, '/api/keys/robot/k9', { method: 'DELETE' });
  expectProblem(missing, 422, 'key_change_refused');
  const late = await admin(gateway, '/api/keys', { body: { consumer: 'robot', expires: 'tomorrow' } });
  expectProblem(late, 400, 'body_invalid');
  const stale = { 'if-match': '"9-000000000000"' };
  expectProblem(
    await admin(gateway, '/api/keys', { headers: stale, body: { consumer: 'robot' } }),
    412,
    'revision_changed',
  );
  expect((await admin(gateway, '/api/config')).body.revision).toBe(1);
});
