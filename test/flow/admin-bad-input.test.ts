import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { testGateway } from '../helpers/gateway.ts';

const config = {
  upstreams: { shop: { targets: [{ url: 'http://127.0.0.1:9' }] } },
  routes: [{ name: 'things', match: { path: '/things' }, upstream: 'shop' }],
};
const any = { 'if-match': '*' };

it('a config that can not be used is refused with file, line, column, key and what was meant', async () => {
  const gateway = await testGateway(config);
  const patch = [{ op: 'replace', path: '/routes/0/upstream', value: 'shpo' }];

  for (const path of ['/api/revisions', '/api/revisions?dryRun=true']) {
    const problem = expectProblem(
      await admin(gateway, path, { headers: any, body: { patch } }),
      422,
      'config_invalid',
    );
    expect(problem.problems).toMatchObject([{ key: 'routes[0].upstream', suggestion: 'shop', column: 15 }]);
    expect(problem.problems[0].line).toBeGreaterThan(1);
  }
  expect((await admin(gateway, '/api/config')).body.revision).toBe(1);
});

it('a config that validates and can not be built is refused, in a dry run too', async () => {
  const gateway = await testGateway(config);
  const policy = { 'auth-basic': { users: [{ name: 'a', sha256: 'ab'.repeat(32), consumer: 'nobody' }] } };
  const patch = [{ op: 'add', path: '/routes/0/policies', value: [policy] }];
  for (const path of ['/api/revisions', '/api/revisions?dryRun=true']) {
    const problem = expectProblem(
      await admin(gateway, path, { headers: any, body: { patch } }),
      422,
      'config_invalid',
    );
    expect(JSON.stringify(problem)).toContain('auth-basic');
  }
});

it('a patch that does not fit says which operation', async () => {
  const gateway = await testGateway(config);
  const patch = [
    { op: 'test', path: '/routes/0/name', value: 'things' },
    { op: 'remove', path: '/routes/7' },
  ];
  const problem = expectProblem(
    await admin(gateway, '/api/revisions', { headers: any, body: { patch } }),
    422,
    'patch_failed',
  );
  expect(problem.problems).toMatchObject([{ index: 1, path: '/routes/7' }]);
});

it('a text with masks in place of secrets is refused: they would become the secrets', async () => {
  const gateway = await testGateway({ ...config, admin: { token: 'an-operators-token' } });
  const token = 'an-operators-token';
  const { body } = await admin(gateway, '/api/config', { token });
  const answer = await admin(gateway, '/api/revisions', { token, headers: any, body: { text: body.text } });
  const problem = expectProblem(answer, 422, 'config_invalid');
  const line = (body.text as string).split('\n').findIndex((each) => each.includes('***')) + 1;
  expect(problem.problems).toMatchObject([{ line, message: expect.stringContaining('holds ***') }]);
  expect(await readFile(gateway.file, 'utf8')).toContain(token);
});

it.each<
  [string, string, { method?: string; body?: unknown; headers?: Record<string, string> }, number, string]
>([
  ['no JSON', '/api/revisions', { body: '{"patch":' }, 400, 'body_malformed'],
  ['an empty body', '/api/revisions', { body: '' }, 400, 'body_malformed'],
  ['no body', '/api/revisions', { method: 'POST' }, 400, 'body_invalid'],
  [
    'another type',
    '/api/revisions',
    { body: 'a=b', headers: { 'content-type': 'text/plain' } },
    415,
    'media_type_unsupported',
  ],
  ['an unknown key', '/api/revisions', { body: { text: 'x', dry: true } }, 400, 'body_invalid'],
  [
    'an unknown operation',
    '/api/revisions',
    { body: { patch: [{ op: 'merge', path: '/' }] } },
    400,
    'body_invalid',
  ],
  ['too much', '/api/revisions', { body: { text: 'x'.repeat(13 * 1024 ** 2) } }, 413, 'body_too_large'],
  ['an unknown parameter', '/api/revisions?limits=3', {}, 400, 'request_invalid'],
  ['a limit too high', '/api/audit?limit=100000', {}, 400, 'request_invalid'],
  ['a cursor that is none', '/api/changes?after=x', {}, 400, 'request_invalid'],
  ['a number that is none', '/api/revisions/latest', {}, 400, 'request_invalid'],
  ['a revision that is not', '/api/revisions/99', {}, 404, 'resource_unknown'],
  ['a path that can not be decoded', '/api/%zz', {}, 400, 'path_invalid'],
  ['a method that is not', '/api/config', { method: 'DELETE' }, 404, 'resource_unknown'],
])('%s is the sender’s fault, and says so', async (_name, path, options, status, code) => {
  const gateway = await testGateway(config);
  const headers = { ...any, ...options.headers };
  expectProblem(await admin(gateway, path, { ...options, headers }), status, code);
});
