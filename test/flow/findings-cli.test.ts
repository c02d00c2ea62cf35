import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { theFinding } from '../helpers/findings.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { detection, REVISION, toldEngine } from '../helpers/told-engine.ts';

const TOKEN = 'a-token-of-the-cli';
const run = promisify(execFile);

const commands =
  (gateway: TestGateway) =>
  (...args: string[]) =>
    run(process.execPath, ['src/main.ts', ...args, '--admin', gateway.adminUrl], {
      env: { ...process.env, HYPERCARE_ADMIN_TOKEN: TOKEN },
    });

it('the command line lists, shows and reports what the admin API has, and signs off nothing that is not proven', async () => {
  const engine = toldEngine();
  const gateway = await testGateway({ admin: { token: TOKEN } }, { engine });
  engine.say('opened', detection());
  const { id } = await eventually(
    async () => (await admin(gateway, '/api/findings', { token: TOKEN })).body.findings[0],
  );
  const hypercare = commands(gateway);

  expect((await hypercare('findings')).stdout).toContain(id);
  expect((await hypercare('show', id)).stdout).toContain('jq -c');
  expect((await hypercare('report')).stdout).toContain('# Hypercare');
  await expect(hypercare('signoff')).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('data is missing'),
  });
  await expect(hypercare('show', 'none')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('404'),
  });
});

it('without a number the command line does what is offered first, whatever that is called, and says what; nothing where nothing fits', async () => {
  const [a, b] = ['http://127.0.0.1:9', 'http://127.0.0.1:10'] as const;
  const engine = toldEngine();
  const gateway = await testGateway(
    { upstreams: { shop: { targets: [{ url: a }, { url: b }] } } },
    { engine },
  );
  const hypercare = commands(gateway);
  const { etag } = await admin(gateway, '/api/config');
  const patch = [{ op: 'add', path: '/upstreams/shop/targets/0/weight', value: 2 }];
  const revised = await admin(gateway, '/api/revisions', { headers: { 'if-match': etag }, body: { patch } });
  expect(revised.status).toBe(200);
  const where = { scopes: [{ upstream: 'shop', target: b }], share: 1, normal: [] };
  const cause = { kind: 'unknown', sentence: '', confidence: 0.5, change: null } as const;
  engine.say('opened', detection({ where, cause }));
  const { id } = await theFinding(gateway, ({ actions }) => actions.length > 0);
  engine.say('updated', detection({ where, cause: { ...cause, kind: 'release', change: REVISION } }));
  const { actions } = await theFinding(gateway, ({ cause: { kind } }) => kind === 'release');
  const [first] = actions;
  expect(first.n).toBeGreaterThan(0);
  expect(actions.some(({ n }: { n: number }) => n === 0)).toBe(true);
  const { stdout } = await hypercare('apply', id);
  expect(stdout).toContain(`${first.n}  ${first.title}: applied`);

  engine.say('opened', detection({ fingerprint: 'another' }));
  const bare = await theFinding(gateway, ({ fingerprint }) => fingerprint === 'another');
  await expect(hypercare('apply', bare.id)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Nothing is offered'),
  });
});
