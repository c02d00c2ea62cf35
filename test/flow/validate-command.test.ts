import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { called } from '../helpers/command.ts';
import { configText } from '../helpers/gateway.ts';

const KEY = { 'auth-api-key': {} };
const JWT = {
  'auth-jwt': { issuer: 'https://id.example.com/', audience: 'shop', jwksUri: 'https://id.example.com/keys' },
};
const CONSUMERS = [{ name: 'anna', keys: [{ id: 'k1', sha256: 'a'.repeat(64) }] }];
const route = (name: string, ...policies: object[]): object => ({
  name,
  match: { path: `/${name}` },
  upstream: 'up',
  policies,
});

/** What the command prints about a config: what is good of it, and what is wrong with it. */
async function validated(config: object): Promise<{ code: number; said: string; wrong: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-validate-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  await writeFile(
    file,
    configText({ upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } }, ...config }),
  );
  return called('validate', file);
}

it('validate names the routes that anyone may use, so that an open route is a choice', async () => {
  const { code, said } = await validated({
    consumers: CONSUMERS,
    routes: [
      route('shut', KEY),
      route('open'),
      route('limited', { 'rate-limit': { limit: 1, window: '1m' } }),
      route('either', { 'auth-any': [KEY, JWT] }),
    ],
    ai: {
      providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k' } },
      models: { small: { targets: [{ provider: 'one', model: 'm' }] } },
    },
  });
  expect(code).toBe(0);
  expect(said).toMatch(
    /^Open to anyone \(no policy identifies the caller\): open, limited, ai, \/v1\/feedback, \/v1\/status$/m,
  );
});

it('where every route asks who it is, nothing is said to be open', async () => {
  const { code, said } = await validated({
    consumers: CONSUMERS,
    routes: [route('shut', KEY)],
    hypercare: { feedback: { enabled: false } },
  });
  expect(code).toBe(0);
  expect(said).not.toMatch(/open/i);
});

it('what start would refuse of a policy, validate refuses, at its place', async () => {
  const user = { name: 'nightly', sha256: 'b'.repeat(64), consumer: 'anna' };
  const issuer = { issuer: 'https://id.example.com/', audience: 'shop' };
  const { code, wrong } = await validated({
    consumers: CONSUMERS,
    routes: [
      route('stale', { 'auth-jwt': { ...JWT['auth-jwt'], refresh: '2h', maxStale: '1h' } }),
      route('keyless', { 'auth-jwt': issuer }),
      route('plain', { 'auth-jwt': { ...issuer, jwksUri: 'http://id.example.com/keys' } }),
      route('secret', { 'auth-jwt': { ...issuer, jwks: { keys: [{ kty: 'oct', k: 'aa' }] } } }),
      route('no-key', {
        'auth-jwt': { ...issuer, jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }] } },
      }),
      route('ghost', { 'auth-basic': { users: [{ ...user, consumer: 'ghost' }] } }),
      route('either', { 'auth-any': [KEY, { 'auth-basic': { users: [user, user] } }] }),
    ],
  });
  expect(code).toBe(2);
  const place = /:\d+:\d+\s+routes\[(\d)\]\.policies\[0\]\.(\S+): (.*)$/gm;
  expect([...wrong.matchAll(place)].map(([, index, policy, said]) => [Number(index), policy, said])).toEqual([
    [0, 'auth-jwt', 'maxStale must not be shorter than refresh, or keys would end before their time'],
    [1, 'auth-jwt', 'needs one of jwksUri, jwks and discovery'],
    [2, 'auth-jwt', 'jwksUri must be https: only on a loopback address may it be http'],
    [3, 'auth-jwt', 'jwks.keys[0] is a secret: the gateway needs the public key only'],
    [4, 'auth-jwt', 'jwks.keys[0] is no public key for signatures'],
    [5, 'auth-basic', 'users[0]: the user "nightly" is for the consumer "ghost", which does not exist'],
    [6, 'auth-any', 'auth-basic: users[1]: the user "nightly" is there twice'],
  ]);
});

/** What is wrong, each with its place in the config, in order. */
const saidOf = (wrong: string): string[] =>
  [...wrong.matchAll(/:\d+:\d+\s+(\S+): (.*)$/gm)].map(([, at, said]) => `${at} ${said}`).toSorted();

it('a policy that would guard nothing before MCP servers is refused there, at its place', async () => {
  const topics = [{ name: 'rivals', words: ['acme'] }];
  const { code, wrong } = await validated({
    mcp: {
      servers: { tools: { url: 'http://127.0.0.1:9/mcp', allow: [{ anyone: true, tools: ['*'] }] } },
      policies: [
        { 'prompt-guard': {} },
        { 'guard-webhook': { url: 'http://127.0.0.1:9/judge' } },
        { 'max-tokens': { limit: 50 } },
        { 'deny-topics': { topics, on: 'requests' } },
        { 'deny-topics': { topics } },
        { redact: {} },
      ],
    },
    routes: [route('plain', { 'max-tokens': { limit: 50 } })],
  });
  expect(code).toBe(2);
  expect(saidOf(wrong)).toEqual([
    'mcp.policies[0].prompt-guard stands on ai only: it would do nothing here',
    'mcp.policies[1].guard-webhook stands on ai only: it would do nothing here',
    'mcp.policies[2].max-tokens stands on ai only: it would do nothing here',
    'mcp.policies[3].deny-topics on: requests reads what models are asked, and mcp asks none: it would do nothing here',
    'routes[0].policies[0].max-tokens stands on ai only: it would do nothing here',
  ]);
});

it('client certificates that are nobody’s, or two consumers’, are refused before a start', async () => {
  const guarded = { routes: [route('either', { 'auth-any': [KEY, { 'auth-mtls': {} }] })] };
  const [anna] = CONSUMERS;
  const certificates = [{ subject: 'batch-1' }];
  const consumers = [
    { ...anna, certificates },
    { name: 'bert', certificates },
  ];
  const nobodys = await validated({ ...guarded, consumers: CONSUMERS });
  const of = 'routes[0].policies[0].auth-any: auth-mtls:';
  expect(nobodys.code).toBe(2);
  expect(nobodys.wrong).toContain(`${of} no consumer has a certificate: nobody could ever pass`);
  const shared = await validated({ ...guarded, consumers });
  expect(shared.code).toBe(2);
  expect(shared.wrong).toContain(
    `${of} "anna" and "bert" have a certificate with the same subject: whose is it?`,
  );
  const own = [
    { ...anna, certificates },
    { name: 'bert', certificates: [{ subject: 'batch-2' }] },
  ];
  const needsTls =
    'needs server.tls with clientAuth request or require: no client is asked for a certificate';
  const found = async (config: object) => saidOf((await validated({ ...config, consumers: own })).wrong);
  expect(await found(guarded)).toEqual([`routes[0].policies[0].auth-any[1].auth-mtls ${needsTls}`]);
  const mcp = {
    servers: { tools: { url: 'http://127.0.0.1:9/mcp', allow: [{ anyone: true, tools: ['*'] }] } },
    policies: [{ 'auth-mtls': {} }],
  };
  expect(await found({ mcp })).toEqual([`mcp.policies[0].auth-mtls ${needsTls}`]);
});

it('a route where the gateway describes its MCP servers is refused before a start', async () => {
  const metadata = '/.well-known/oauth-protected-resource/mcp';
  const mcp = {
    servers: { tools: { url: 'http://127.0.0.1:9/mcp', allow: [{ anyone: true, tools: ['*'] }] } },
    policies: [JWT],
  };
  const routes = [{ ...route('metadata'), match: { path: metadata } }];
  expect((await validated({ mcp, routes })).code).toBe(0);
  const resource = {
    url: 'https://gateway.example.com',
    authorizationServers: ['https://id.example.com'],
  };
  const { code, wrong } = await validated({ mcp: { ...mcp, resource }, routes });
  expect(code).toBe(2);
  expect(wrong).toMatch(/:\d+:\d+\s+routes\[0\]\.match\.path: belongs to the MCP servers/);
  const wider = [{ ...route('all'), match: { path: '/.well-known/*' } }];
  expect((await validated({ mcp: { ...mcp, resource }, routes: wider })).code).toBe(0);
});

it('validate reads the scripts of probes: one that can’t be read would never run', async () => {
  const probe = { file: 'probes/none.yaml', model: 'small', every: '0 * * * *', apiKey: 'k' };
  const { code, wrong } = await validated({
    consumers: CONSUMERS,
    ai: {
      policies: [KEY],
      providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k' } },
      models: { small: { targets: [{ provider: 'one', model: 'm' }] } },
    },
    context: { enabled: true, probes: [probe] },
  });
  expect(code).toBe(2);
  expect(wrong).toMatch(/context\.probes\[0\]\.file: .*none\.yaml can't be read: there is no such file$/m);
});

const budgeted = (
  budgets: object[],
  provider: object = {},
  policies: object[] = [KEY],
  consumers: object[] = CONSUMERS,
) => ({
  consumers,
  ai: {
    policies,
    providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k', ...provider } },
    models: { small: { targets: [{ provider: 'one', model: 'm' }] } },
    budgets: budgets.map((each, i) => ({ name: `b${i}`, requests: 1, per: '1d', ...each })),
  },
});

it('a budget whose name nobody can have is wrong: a typo would switch it off in silence', async () => {
  const typos = await validated(
    budgeted(
      [
        { scope: 'consumer', match: ['ana'] },
        { scope: 'group', match: ['webb'] },
      ],
      {},
      [KEY],
      [{ ...CONSUMERS[0], groups: ['web'] }],
    ),
  );
  expect(typos.code).not.toBe(0);
  expect(typos.wrong).toContain('there is no consumer "ana" (did you mean "anna"?)');
  expect(typos.wrong).toContain('there is no group "webb" (did you mean "web"?)');

  const right = await validated(budgeted([{ scope: 'consumer', match: ['anna'] }]));
  expect([right.code, right.wrong]).toEqual([0, '']);
});

it('a token names consumers that no config lists, each behind the prefix of its issuer', async () => {
  const either = [{ 'auth-any': [KEY, JWT] }];
  const named = await validated(
    budgeted(
      [
        { scope: 'consumer', match: ['jwt:bob', 'anna'] },
        { scope: 'group', match: ['any'] },
      ],
      {},
      either,
    ),
  );
  expect([named.code, named.wrong]).toEqual([0, '']);

  const typo = await validated(budgeted([{ scope: 'consumer', match: ['jtw:bob'] }], {}, either));
  expect(typo.wrong).toContain('there is no consumer "jtw:bob"');
});

it('a model’s budget that pass-through leads around is said to be one', async () => {
  const dear = { scope: 'model', match: ['small'] };
  const open = { passthrough: true };
  const around = await validated(budgeted([dear], open));
  expect(around.code).toBe(0);
  expect(around.said).toMatch(
    /gateway\.yaml:\d+:\d+ {2}ai\.budgets\[0\]\.match\[0\]: does not hold who asks .* one\/\* /,
  );

  for (const config of [
    budgeted([dear]),
    budgeted([dear, { scope: 'model', match: ['one/*'] }], open),
    budgeted([dear, { scope: 'model' }], open),
  ])
    expect((await validated(config)).said).not.toContain('does not hold');
  expect((await validated(budgeted([{ scope: 'model', match: ['one/*'] }]))).wrong).toContain(
    'there is no model "one/*"',
  );
});
