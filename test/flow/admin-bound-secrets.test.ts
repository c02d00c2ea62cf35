// A secret goes where whoever gave it let it go: a change through the admin API by somebody who never saw it takes it nowhere else.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { aiGateway, chat, hello, modelService, PROVIDER_KEY, rawProvider } from '../helpers/ai.ts';
import { testGateway } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };

async function setUp(apiKey: string = PROVIDER_KEY) {
  const service = await modelService();
  const other = await rawProvider((response) => response.writeHead(500, json).end('{}'));
  const gateway = await aiGateway(
    [],
    {
      ai: { providers: { p0: { kind: 'openai', baseUrl: `${service.url}/v1`, apiKey } } },
      models: { smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
    },
    {},
    { env: { KEY_OF_TEST: PROVIDER_KEY } },
  );
  const change = async (body: object, query = '') => {
    const { etag } = await admin(gateway, '/api/config');
    return admin(gateway, `/api/revisions${query}`, { headers: { 'if-match': etag }, body });
  };
  const move = { op: 'replace', path: '/ai/providers/p0/baseUrl', value: `${other.url}/v1` };
  const isAsked = async () => {
    const { status } = await chat(gateway, hello());
    return { status, other: other.taken.map(({ headers }) => headers.authorization) };
  };
  return { service, other, gateway, change, move, isAsked };
}

it.each([
  ['written', PROVIDER_KEY],
  ['a variable', '${KEY_OF_TEST}'],
])('a patch that moves a provider to another host is refused while its key (%s) would come along', async (_how, apiKey) => {
  const { other, change, move, isAsked } = await setUp(apiKey);

  const refused = await change({ patch: [move] });
  const tried = await change({ patch: [move] }, '?dryRun=true');

  for (const each of [refused, tried]) {
    const { problems } = expectProblem(each, 422, 'config_invalid');
    expect(problems).toHaveLength(1);
    expect(problems[0].key).toBe('ai.providers.p0.apiKey');
    expect(problems[0].line).toBeGreaterThan(1);
    expect(problems[0].message).toContain(`would go to ${other.url}`);
    expect(problems[0].message).toContain('write the secret itself');
    expect(JSON.stringify(each.body)).not.toContain(PROVIDER_KEY);
  }
  expect(await isAsked()).toEqual({ status: 200, other: [] });
});

it('so is a text in which masks stand for secrets', async () => {
  const { gateway, service, other, change, isAsked } = await setUp();
  const { body } = await admin(gateway, '/api/config');
  expect(body.text).toContain('***');

  const refused = await change({ text: body.text.replace(service.url, other.url) }, '?keepSecrets=true');
  // Another path of the same origin is the same place.
  const kept = await change(
    { text: body.text.replace(`${service.url}/v1`, `${service.url}/v1/`) },
    '?keepSecrets=true',
  );

  expect(expectProblem(refused, 422, 'config_invalid').problems[0].key).toBe('ai.providers.p0.apiKey');
  expect(kept.status).toBe(200);
  expect((await isAsked()).other).toEqual([]);
});

it('who knows the secret gives it with the change, and it goes', async () => {
  const { change, move, isAsked } = await setUp();

  const given = await change({
    patch: [move, { op: 'replace', path: '/ai/providers/p0/apiKey', value: 'key-of-the-other' }],
  });

  expect(given.status).toBe(200);
  expect((await isAsked()).other).toEqual(['Bearer key-of-the-other']);
});

it('the file itself is its author’s, and a whole revision of before comes back as it was', async () => {
  const { gateway, service, other, isAsked } = await setUp();
  const text = await readFile(gateway.file, 'utf8');
  await gateway.write(text.replace(service.url, other.url));
  expect(await gateway.reload()).toBe(true);
  expect((await isAsked()).other).toEqual([`Bearer ${PROVIDER_KEY}`]);

  const { etag } = await admin(gateway, '/api/config');
  const back = await admin(gateway, '/api/revisions/1/apply', {
    method: 'POST',
    headers: { 'if-match': etag },
  });

  expect(back.status).toBe(200);
  expect((await chat(gateway, hello())).status).toBe(200);
});

it.each([
  ['written', PROVIDER_KEY],
  ['a variable', '${KEY_OF_TEST}'],
])('no way leads around (%s): no second step, no copy, nothing that clients are shown', async (_how, apiKey) => {
  const { other, gateway, change, isAsked } = await setUp(apiKey);
  const evil = (own: object) => ({
    op: 'add',
    path: '/ai/providers/evil',
    value: { kind: 'openai', baseUrl: other.url, apiKey: 'of-evil', ...own },
  });
  const reply = (text: string) => ({
    op: 'add',
    path: '/ai/models/told',
    value: { rules: [{ reply: text }] },
  });
  const copied = (path: string) => ({ op: 'copy', from: '/ai/providers/p0/apiKey', path });
  const patches = [
    [evil({ apiKey: '${KEY_OF_TEST}' })],
    [evil({ baseUrl: `${other.url}/\${KEY_OF_TEST}` })],
    [evil({}), copied('/ai/providers/evil/apiKey')],
    [reply('${KEY_OF_TEST}')],
    [reply('say ${KEY_OF_TEST}, please')],
    [reply('x'), copied('/ai/models/told/rules/0/reply')],
    [{ op: 'add', path: '/log', value: { redact: ['${PATH}'] } }],
    [{ op: 'add', path: '/mcp', value: { servers: { x: { command: ['env'] } } } }],
  ];

  for (const patch of patches) expectProblem(await change({ patch }), 422, 'config_invalid');

  // Without the provider nothing says any more where the key may go: nowhere.
  const gone = [
    { op: 'remove', path: '/ai/providers/p0' },
    { op: 'replace', path: '/ai/models/smart', value: { rules: [{ reply: 'gone' }] } },
  ];
  expect((await change({ patch: gone })).status).toBe(200);
  expectProblem(await change({ patch: [evil({ apiKey: '${KEY_OF_TEST}' })] }), 422, 'config_invalid');
  expect((await isAsked()).other).toEqual([]);
  expect(await readFile(gateway.file, 'utf8')).not.toContain('evil');
});

it('what a change does not send anywhere else it need not know', async () => {
  const { change } = await setUp();
  const renamed = { op: 'move', from: '/ai/providers/p0', path: '/ai/providers/main' };
  const pointed = { op: 'replace', path: '/ai/models/smart/targets/0/provider', value: 'main' };

  expect((await change({ patch: [renamed, pointed] })).status).toBe(200);
  expect(
    (await change({ patch: [{ op: 'add', path: '/ai/models/smart/strategy', value: 'cost' }] })).status,
  ).toBe(200);
});

it('a route’s secret header does not follow to an upstream that somebody adds', async () => {
  const set = { authorization: 'Bearer secret-of-the-shop' };
  const gateway = await testGateway({
    upstreams: {
      shop: { targets: [{ url: 'http://127.0.0.1:9' }] },
      free: { targets: [{ url: 'http://127.0.0.1:8' }] },
    },
    routes: [
      { name: 'all', match: { path: '/*' }, upstream: 'shop', policies: [{ headers: { request: { set } } }] },
    ],
  });
  const change = async (...patch: object[]) => {
    const { etag } = await admin(gateway, '/api/config');
    return admin(gateway, '/api/revisions', { headers: { 'if-match': etag }, body: { patch } });
  };

  const target = { op: 'add', path: '/upstreams/shop/targets/-', value: { url: 'http://127.0.0.1:7' } };
  const refused = await change(target);
  expect(expectProblem(refused, 422, 'config_invalid').problems[0].key).toBe(
    'routes[0].policies[0].headers.request.set.authorization',
  );
  for (const [path, value] of [
    ['/routes/0/upstream', 'free'],
    ['/routes/0/fallback', { upstream: 'free' }],
    ['/routes/0/mirror', { upstream: 'free' }],
  ] as const)
    expectProblem(await change({ op: 'add', path, value }), 422, 'config_invalid');

  const given = {
    op: 'replace',
    path: '/routes/0/policies/0/headers/request/set/authorization',
    value: set.authorization,
  };
  expect((await change(target, given)).status).toBe(200);
  expect((await change({ op: 'remove', path: '/upstreams/shop/targets/0' })).status).toBe(200);
});
