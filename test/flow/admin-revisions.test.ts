import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { slowPolicy } from '../helpers/slow-policy.ts';

const text = (url: string): string => `# kept by hand
version: 1
server: { listen: "127.0.0.1:0" }
admin: { listen: "127.0.0.1:0" }
store: { url: "memory:" }
upstreams:
  shop: { targets: [{ url: "${url}" }] }
routes:
  - name: things # the only one
    match: { path: /old }
    upstream: shop
`;

const movedTo = (path: string): object => ({
  patch: [{ op: 'replace', path: '/routes/0/match/path', value: path }],
});

async function shopGateway(watch = false): Promise<TestGateway> {
  const shop = await backend((_request, response) => response.end('here'));
  return testGateway(text(shop.url), { watch });
}

const statusOf = async (gateway: TestGateway, path: string): Promise<number> =>
  (await fetch(`${gateway.url}${path}`)).status;

it('an operator’s patch serves, stands in the file with its comments kept, and is applied once', async () => {
  const gateway = await shopGateway(true);
  const { etag } = await admin(gateway, '/api/config');

  const applied = await admin(gateway, '/api/revisions', {
    headers: { 'if-match': etag },
    body: { ...movedTo('/new'), note: 'shop has moved' },
  });

  expect(applied.body).toMatchObject({ revision: 2, isNew: true, file: { isWritten: true } });
  expect(applied.body.diff).toContainEqual({ kind: 'added', text: '    match: { path: /new }', line: 10 });
  expect(await statusOf(gateway, '/new')).toBe(200);
  expect(await statusOf(gateway, '/old')).toBe(404);
  // RFC 6902: a patch of no operations changes nothing.
  const { etag: current } = await admin(gateway, '/api/config');
  const empty = { headers: { 'if-match': current }, body: { patch: [] } };
  expect((await admin(gateway, '/api/revisions', empty)).body).toMatchObject({ revision: 2, isNew: false });
  const written = await readFile(gateway.file, 'utf8');
  expect(written).toContain('# kept by hand');
  expect(written).toContain('- name: things # the only one');
  expect(written).toContain('/new');

  // The watcher has seen the write, and found nothing to do.
  await gateway.write(written.replace('/new', '/newer'));
  await eventually(async () => (await statusOf(gateway, '/newer')) === 200);
  const { items } = (await admin(gateway, '/api/revisions')).body;
  expect(
    items.map(({ number, author }: { number: number; author: string }) => `${number} ${author}`),
  ).toEqual(['3 file', '2 admin:local', '1 file']);
  expect(items[1].note).toBe('shop has moved');
});

it('of two operators who read the same revision one rolls back, and the other is told to read again', async () => {
  const gateway = await shopGateway();
  const first = await admin(gateway, '/api/config');
  await admin(gateway, '/api/revisions', { headers: { 'if-match': first.etag }, body: movedTo('/new') });
  const { etag } = await admin(gateway, '/api/config');

  const answers = await Promise.all([
    admin(gateway, '/api/revisions/1/apply', { method: 'POST', headers: { 'if-match': etag } }),
    admin(gateway, '/api/revisions', { headers: { 'if-match': etag }, body: movedTo('/newest') }),
  ]);

  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  const [rolledBack] = answers;
  if (rolledBack.status === 200) expect(await statusOf(gateway, '/old')).toBe(200);
  else expect(await statusOf(gateway, '/newest')).toBe(200);
  expect((await admin(gateway, '/api/config')).body.revision).toBe(3);
});

it('rolling back makes a new revision of the old text, in the file too', async () => {
  const gateway = await shopGateway();
  const before = await readFile(gateway.file, 'utf8');
  await admin(gateway, '/api/revisions', { headers: { 'if-match': '*' }, body: movedTo('/new') });

  const { body } = await admin(gateway, '/api/revisions/1/apply', {
    method: 'POST',
    headers: { 'if-match': '*' },
  });

  expect(body).toMatchObject({ revision: 3, isNew: true });
  expect(await statusOf(gateway, '/old')).toBe(200);
  expect(await readFile(gateway.file, 'utf8')).toBe(before);
  expect((await admin(gateway, '/api/revisions/3')).body).toMatchObject({
    note: 'revision 1 again',
    author: 'admin:local',
  });
  const { diff } = (await admin(gateway, '/api/revisions/3/diff?against=1')).body;
  expect(diff).toEqual([]);
});

it('a change without If-Match is refused, and a dry run changes nothing', async () => {
  const gateway = await shopGateway();
  expectProblem(
    await admin(gateway, '/api/revisions', { body: movedTo('/new') }),
    428,
    'precondition_missing',
  );
  const headers = { 'if-match': '"1-000000000000"' };
  expectProblem(
    await admin(gateway, '/api/revisions', { headers, body: movedTo('/new') }),
    412,
    'revision_changed',
  );

  const dry = await admin(gateway, '/api/revisions?dryRun=true', {
    headers: { 'if-match': '*' },
    body: movedTo('/new'),
  });

  expect(dry.body).toMatchObject({ revision: 1, isNew: false });
  expect(dry.body.diff.length).toBeGreaterThan(0);
  expect(await statusOf(gateway, '/old')).toBe(200);
  expect(await gateway.metric('gateway_generations')).toBe(1);
});

it('the whole text can be sent as it is edited', async () => {
  const gateway = await shopGateway();
  const body = (await readFile(gateway.file, 'utf8')).replace('/old', '/edited');
  const headers = { 'if-match': '*', 'content-type': 'application/yaml' };
  expect((await admin(gateway, '/api/revisions', { headers, body })).body).toMatchObject({
    revision: 2,
    file: { isWritten: true },
  });
  expect(await readFile(gateway.file, 'utf8')).toBe(body);
});

it('what somebody else has saved and does not serve is not overwritten', async () => {
  const gateway = await shopGateway();
  const broken = (await readFile(gateway.file, 'utf8')).replace('upstream: shop', 'upstream: shpo');
  await writeFile(gateway.file, broken);

  const answer = await admin(gateway, '/api/revisions', {
    headers: { 'if-match': '*' },
    body: movedTo('/new'),
  });

  expectProblem(answer, 409, 'config_file_differs');
  expect(await readFile(gateway.file, 'utf8')).toBe(broken);
  expect(await statusOf(gateway, '/old')).toBe(200);
});

it('what somebody saves while a revision is built is not overwritten, and serves next', async () => {
  const slow = slowPolicy();
  const shop = await backend((_request, response) => response.end('here'));
  const gateway = await testGateway(text(shop.url), { watch: true, policies: [slow.policy] });
  onTestFinished(slow.finish);
  const patch = [{ op: 'add', path: '/routes/0/policies', value: [{ slow: {} }] }];
  const asked = admin(gateway, '/api/revisions', { headers: { 'if-match': '*' }, body: { patch } });
  await eventually(() => slow.hasBegun);

  const saved = text(shop.url).replace('/old', '/saved');
  await writeFile(gateway.file, saved);
  slow.finish();

  const { body } = await asked;
  expect(body).toMatchObject({ revision: 2, isNew: true, file: { isWritten: false } });
  expect(body.file.reason).toContain('it was saved meanwhile');
  await eventually(async () => (await statusOf(gateway, '/saved')) === 200);
  expect(await readFile(gateway.file, 'utf8')).toBe(saved);
});

it('a file that can not be replaced is said to lag behind, and counts again once it changes', async () => {
  const gateway = await shopGateway();
  const before = await readFile(gateway.file, 'utf8');
  // No name is left for a file beside this one: tests run as root, whom no permission stops.
  const long = join(dirname(gateway.file), `${'x'.repeat(250)}.yaml`);
  await writeFile(long, before);
  await rm(gateway.file);
  await symlink(long, gateway.file);

  const answer = await admin(gateway, '/api/revisions', {
    headers: { 'if-match': '*' },
    body: movedTo('/new'),
  });

  expect(answer.body).toMatchObject({ revision: 2, isNew: true, file: { isWritten: false } });
  expect(answer.body.file.reason).toContain('ENAMETOOLONG');
  expect(await readFile(gateway.file, 'utf8')).toBe(before);
  // Reading the file again is no vote for what it has said all along.
  expect(await gateway.reload()).toBe(true);
  expect(await statusOf(gateway, '/new')).toBe(200);

  await writeFile(long, before.replace('/old', '/saved'));
  expect(await gateway.reload()).toBe(true);
  expect(await statusOf(gateway, '/saved')).toBe(200);
});

it('what a running gateway can not change is said in the answer, and as long as it waits for the restart', async () => {
  const gateway = await testGateway({ log: { level: 'info' } });
  const { etag } = await admin(gateway, '/api/config');
  const change = async (etagOf: string, patch: object[]) =>
    admin(gateway, '/api/revisions', { headers: { 'if-match': etagOf }, body: { patch } });

  const listen = { op: 'replace', path: '/server/listen', value: '127.0.0.1:1' };
  const timeouts = { op: 'add', path: '/server/timeouts', value: { headers: '3s' } };
  const changed = await change(etag, [listen, timeouts]);

  expect(changed.body.needsRestart).toEqual(['server.listen', 'server.timeouts.headers']);
  const other = await change(changed.etag, [{ op: 'remove', path: '/server/timeouts' }]);
  expect(other.body.needsRestart).toEqual(['server.listen']);
  expect((await admin(gateway, '/api/config')).body.needsRestart).toEqual(['server.listen']);
});

it('what is exported, and whether the traffic is watched, waits for the restart too', async () => {
  const gateway = await testGateway({});
  const { etag } = await admin(gateway, '/api/config');
  const patch = [
    { op: 'add', path: '/telemetry', value: { otlp: { endpoint: 'http://127.0.0.1:1' } } },
    { op: 'add', path: '/hypercare', value: { enabled: true, confirm: '30s' } },
  ];
  const changed = await admin(gateway, '/api/revisions', { headers: { 'if-match': etag }, body: { patch } });
  expect(changed.body.needsRestart).toEqual(['telemetry', 'hypercare.enabled']);
});
