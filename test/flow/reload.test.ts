import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { slowPolicy } from '../helpers/slow-policy.ts';

const config = (url: string, path: string): object => ({
  upstreams: { shop: { targets: [{ url }] } },
  routes: [{ name: 'things', match: { path }, upstream: 'shop' }],
});

it('saving the file puts it into service, with a revision number that log and metrics share', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const gateway = await testGateway(config(shop.url, '/old'), { watch: true });
  expect((await fetch(`${gateway.url}/new`)).status).toBe(404);

  await gateway.write(config(shop.url, '/new'));

  await eventually(async () => (await fetch(`${gateway.url}/new`)).status === 200);
  expect((await fetch(`${gateway.url}/old`)).status).toBe(404);
  expect(await gateway.metric('gateway_config_revision')).toBe(2);
  const line = await gateway.accessLine(({ path, status }) => path === '/new' && status === 200);
  expect(line.revision).toBe(2);
});

it('a bad revision leaves the good one serving and says where it is wrong', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const gateway = await testGateway(config(shop.url, '/things'), { watch: true });
  const good = await readFile(gateway.file, 'utf8');

  await writeFile(gateway.file, good.replace('upstream: shop', 'upstraem: shop'));

  const refusal = await eventually(() =>
    gateway.lines.find(({ msg }) => msg.startsWith('the new config is refused')),
  );
  expect(String(refusal.problems)).toMatch(/gateway\.yaml:\d+:\d+ .*upstraem.*did you mean "upstream"/);
  expect((await fetch(`${gateway.url}/things`)).status).toBe(200);
  expect(await gateway.metric('gateway_config_reloads_total', { outcome: 'refused' })).toBe(1);
  expect(await gateway.metric('gateway_config_revision')).toBe(1);

  await writeFile(gateway.file, good.replace('/things', '/mended'));
  await eventually(async () => (await fetch(`${gateway.url}/mended`)).status === 200);
});

it('a revision that validates and can not be built is refused whole', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const gateway = await testGateway(config(shop.url, '/things'));
  await gateway.write({
    upstreams: { shop: { targets: [{ url: shop.url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        policies: [{ 'auth-basic': { users: [{ name: 'a', sha256: 'ab'.repeat(32), consumer: 'nobody' }] } }],
      },
    ],
  });

  expect(await gateway.reload()).toBe(false);

  expect((await fetch(`${gateway.url}/things`)).status).toBe(200);
  expect(await gateway.metric('gateway_config_revision')).toBe(1);
  expect(await gateway.metric('gateway_generations')).toBe(1);
});

it('a request in flight finishes on the generation that took it', async () => {
  let answer: (() => void) | undefined;
  const slow = await backend((_request, response) => {
    answer = () => response.end('late, but whole');
  });
  const gateway = await testGateway(config(slow.url, '/slow'));
  const pending = fetch(`${gateway.url}/slow`);
  const finish = await eventually(() => answer);

  await gateway.write(config(slow.url, '/elsewhere'));
  expect(await gateway.reload()).toBe(true);
  expect(await gateway.metric('gateway_generations')).toBe(2);
  finish();

  expect(await (await pending).text()).toBe('late, but whole');
  const line = await gateway.accessLine(({ path }) => path === '/slow');
  expect(line.revision).toBe(1);
  await eventually(async () => (await gateway.metric('gateway_generations')) === 1);
});

it('a revision that is still being built holds up no drain', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const slow = slowPolicy();
  const gateway = await testGateway(config(shop.url, '/things'), { policies: [slow.policy] });
  onTestFinished(slow.finish);
  const route = { name: 'things', match: { path: '/things' }, upstream: 'shop', policies: [{ slow: {} }] };
  await gateway.write({ upstreams: { shop: { targets: [{ url: shop.url }] } }, routes: [route] });
  const reloading = gateway.reload();
  await eventually(() => slow.hasBegun);

  const closing = gateway.close();

  await eventually(() =>
    fetch(`${gateway.url}/things`).then(
      () => false,
      () => true,
    ),
  );
  slow.finish();
  expect(await reloading).toBe(true);
  expect(await closing).toBe(0);
});

it('what waits for the next start is said when it is changed, and not when it is changed back', async () => {
  const gateway = await testGateway({ log: { level: 'info' } });
  const warnings = (): number =>
    gateway.lines.filter(({ msg }) => msg.includes('only at the next start')).length;
  await gateway.write({ log: { level: 'warn' } });
  await gateway.reload();
  expect(warnings()).toBe(1);
  await gateway.write({ log: { level: 'info' } });
  await gateway.reload();
  expect(warnings()).toBe(1);
});

it('what serves can be built anew: that is no change, and what can’t be built any more leaves the old one serving', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const state = { made: 0, isBroken: false };
  const gateway = await testGateway(
    {
      upstreams: { shop: { targets: [{ url: shop.url }] } },
      routes: [{ name: 'things', match: { path: '/things' }, upstream: 'shop', policies: [{ fragile: {} }] }],
    },
    {
      policies: [
        {
          name: 'fragile',
          slot: 'inspect',
          schema: { type: 'object' },
          create() {
            if (state.isBroken) throw new Error('its file is gone');
            state.made++;
            return {};
          },
        },
      ],
    },
  );
  const before = state.made;
  const renew = () => admin(gateway, '/api/config/renew', { method: 'POST' });

  expect(await renew()).toMatchObject({ status: 200, body: { revision: 1 } });

  expect(state.made).toBeGreaterThan(before);
  expect(await gateway.metric('gateway_config_reloads_total', { outcome: 'applied' })).toBe(2);
  expect((await admin(gateway, '/api/revisions')).body.items).toHaveLength(1);
  const changes = (await admin(gateway, '/api/changes')).body.items as { kind: string }[];
  expect(changes.filter(({ kind }) => kind === 'revision')).toHaveLength(1);

  state.isBroken = true;
  expect(JSON.stringify(expectProblem(await renew(), 422, 'config_invalid'))).toContain('its file is gone');
  expect((await fetch(`${gateway.url}/things`)).status).toBe(200);
  expect(await gateway.metric('gateway_config_reloads_total', { outcome: 'refused' })).toBe(1);
});

it('metrics name the text that serves, and no other, by its hash', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const gateway = await testGateway(config(shop.url, '/old'), { watch: true });
  const hash = async () =>
    createHash('sha256')
      .update(await readFile(gateway.file, 'utf8'))
      .digest('hex')
      .slice(0, 12);
  const before = await hash();
  expect(await gateway.metric('gateway_config_info', { hash: before })).toBe(1);

  await gateway.write(config(shop.url, '/new'));

  await eventually(async () => (await gateway.metric('gateway_config_revision')) === 2);
  const after = await hash();
  await eventually(async () => (await gateway.metric('gateway_config_info', { hash: after })) === 1);
  expect(await gateway.metric('gateway_config_info')).toBe(1);
});

it('a release that the config newly names is told as a change of state, once', async () => {
  const shop = await backend((_request, response) => response.end('here'));
  const runs = (release: string, path = '/things') => ({
    ...config(shop.url, path),
    hypercare: { window: { name: 'go-live', release, start: '2026-11-23T00:00:00Z' } },
  });
  const gateway = await testGateway(runs('41'), { watch: true });
  const told = () => gateway.lines.filter(({ msg, kind }) => msg === 'state changed' && kind === 'release');

  await gateway.write(runs('42'));
  await eventually(async () => told().length > 0);
  await gateway.write(runs('42', '/others'));
  await eventually(async () => (await gateway.metric('gateway_config_revision')) === 3);

  expect(told()).toHaveLength(1);
  expect(told()[0]).toMatchObject({ subject: 'go-live', from: '41', to: '42', by: 'file' });
});
