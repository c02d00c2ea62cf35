import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/problems.ts';
import { loadPolicies, schemasOf } from '../../../src/server/policies.ts';

const policies = schemasOf(await loadPolicies());
const ENV = { KEY: 'key-of-the-environment', HOST: 'http://a.test' };
const [A, B] = ['http://a.test/v1', 'http://b.test/v1'];

type Config = Record<string, unknown>;

/** Where a change is refused: the keys of what it would send or show; none: it is let through. */
function refusedAt(from: Config | string, to: Config | string, written = ''): string[] {
  const textOf = (config: Config | string) =>
    typeof config === 'string' ? config : stringify({ version: 1, ...config });
  const options = { file: 'gateway.yaml', env: ENV, policies };
  const before = loadConfig({ ...options, text: textOf(from) }).text;
  try {
    loadConfig({ ...options, text: textOf(to), change: { from: before, written } });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { message } of error.problems)
      expect(message).not.toMatch(/literal-secret|of-the-environment/);
    return error.problems.map(({ key }) => key);
  }
}

const ai = (provider: object): Config => ({ ai: { providers: { p: { kind: 'openai', ...provider } } } });
const route = (policy: object, url: string): Config => ({
  upstreams: { up: { targets: [{ url }] } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', policies: [policy] }],
});
const server = (own: object): Config => ({ mcp: { servers: { s: own } } });
const SECRET = 'literal-secret';
const probe = (own: object): Config => ({
  admin: { token: '${KEY}' },
  ai: { models: { m: { rules: [{ reply: 'Hello.' }] } } },
  context: { probes: [{ file: 'x.yaml', model: 'm', every: '0 * * * *', apiKey: SECRET, ...own }] },
});

it.each<[string, Config, Config, string]>([
  [
    'a provider',
    ai({ baseUrl: A, apiKey: SECRET }),
    ai({ baseUrl: B, apiKey: SECRET }),
    'ai.providers.p.apiKey',
  ],
  [
    'a provider of another kind',
    ai({ apiKey: SECRET }),
    { ai: { providers: { p: { kind: 'groq', apiKey: SECRET } } } },
    'ai.providers.p.apiKey',
  ],
  [
    'one of several keys',
    ai({ baseUrl: A, apiKeys: [{ id: 'a', apiKey: SECRET }] }),
    ai({ baseUrl: B, apiKeys: [{ id: 'a', apiKey: SECRET }] }),
    'ai.providers.p.apiKeys[0].apiKey',
  ],
  [
    'where tokens are given',
    { ai: { providers: { p: { kind: 'vertex', region: 'eu', project: 'x', serviceAccount: SECRET } } } },
    {
      ai: {
        providers: {
          p: {
            kind: 'vertex',
            region: 'eu',
            project: 'x',
            serviceAccount: SECRET,
            tokenUrl: 'http://b.test',
          },
        },
      },
    },
    'ai.providers.p.serviceAccount',
  ],
  [
    'an MCP server',
    server({ url: A, auth: { token: SECRET } }),
    server({ url: B, auth: { token: SECRET } }),
    'mcp.servers.s.auth.token',
  ],
  [
    'its headers',
    server({ url: A, headers: { 'x-api-key': SECRET } }),
    server({ url: B, headers: { 'x-api-key': SECRET } }),
    'mcp.servers.s.headers.x-api-key',
  ],
  [
    'its environment, as a server with a URL',
    server({ command: ['a'], env: { TOKEN: SECRET } }),
    server({ url: B, auth: { token: SECRET } }),
    'mcp.servers.s.auth.token',
  ],
  [
    'a channel',
    { hypercare: { notify: [{ kind: 'webhook', url: 'http://a.test/x', secret: SECRET }] } },
    { hypercare: { notify: [{ kind: 'webhook', url: 'http://b.test/x', secret: SECRET }] } },
    'hypercare.notify[0].secret',
  ],
  [
    'a collector',
    { telemetry: { otlp: { endpoint: 'http://a.test', credentials: { authorization: SECRET } } } },
    { telemetry: { otlp: { endpoint: 'http://b.test', credentials: { authorization: SECRET } } } },
    'telemetry.otlp.credentials.authorization',
  ],
  [
    'a guard',
    { ai: { policies: [{ 'guard-webhook': { url: A, token: SECRET } }] } },
    { ai: { policies: [{ 'guard-webhook': { url: B, token: SECRET } }] } },
    'ai.policies[0].guard-webhook.token',
  ],
  [
    'a parameter',
    route({ query: { set: { api_key: SECRET } } }, 'http://a.test'),
    route({ query: { set: { api_key: SECRET } } }, 'http://b.test'),
    'routes[0].policies[0].query.set.api_key',
  ],
  [
    'a header that comes back',
    route({ headers: { request: { set: { 'x-api-key': SECRET } } } }, 'http://a.test'),
    route({ headers: { response: { set: { 'x-api-key': SECRET } } } }, 'http://a.test'),
    'routes[0].policies[0].headers.response.set.x-api-key',
  ],
  ['a probe', probe({}), probe({ url: B }), 'context.probes[0].apiKey'],
  ['another service’s probe', probe({ url: A }), probe({ url: B }), 'context.probes[0].apiKey'],
  [
    'what opens the admin API, for a probe',
    probe({}),
    probe({ admin: { token: '${KEY}' } }),
    'context.probes[0].admin.token',
  ],
  [
    'the store',
    { store: { url: 'redis://:${KEY}@a.test:6379' } },
    { store: { url: 'redis://:${KEY}@b.test:6379' } },
    'store.url',
  ],
  [
    'its password, shown',
    { store: { url: 'redis://:${KEY}@a.test:6379' } },
    { ai: { models: { m: { rules: [{ reply: '${KEY}' }] } } } },
    'ai.models.m.rules[0].reply',
  ],
])('%s elsewhere needs its secret anew, who gives it may', (_what, from, to, key) => {
  expect(refusedAt(from, to, '[other, words]')).toEqual([key]);
  expect(refusedAt(from, to, stringify([SECRET, ENV.KEY]))).toEqual([]);
  expect(refusedAt(from, from, '')).toEqual([]);
});

it('a secret in another’s name, by an anchor or a merge, is the same secret', () => {
  const config = (reply: string) => `version: 1
ai:
  providers: { p: { kind: openai, baseUrl: "${A}", apiKey: &k literal-secret } }
  models: { m: { rules: [{ reply: ${reply} }] } }
`;
  expect(refusedAt(config('hello'), config('*k'), 'hello')).toEqual(['ai.models.m.rules[0].reply']);
  const merged = `version: 1
ai: { providers: { p: &p { kind: openai, baseUrl: "${A}", apiKey: literal-secret }, q: { <<: *p, baseUrl: "${B}" } } }
`;
  expect(refusedAt(ai({ baseUrl: A, apiKey: SECRET }), merged, B)).toEqual(['ai.providers.q.apiKey']);
});

it('goes on where it goes: another path, another name, one target less, and places that nobody is shown', () => {
  const from = ai({ baseUrl: A, apiKey: '${KEY}' });
  expect(refusedAt(from, ai({ baseUrl: 'http://a.test/v2', apiKey: '${KEY}' }))).toEqual([]);
  expect(
    refusedAt(from, { ai: { providers: { other: { kind: 'openai', baseUrl: A, apiKey: '${KEY}' } } } }),
  ).toEqual([]);
  expect(refusedAt(from, {})).toEqual([]);
  expect(
    refusedAt(ai({ apiKey: SECRET }), ai({ baseUrl: 'https://api.openai.com/v1', apiKey: SECRET })),
  ).toEqual([]);
  const admin = { admin: { tokens: [{ name: 'ann', token: '${KEY}' }] } };
  expect(refusedAt(from, { ...from, ...admin })).toEqual([]);
});

it('what `${…}` holds goes where it goes, whatever it is', () => {
  const named = (url: string) => ({ upstreams: { up: { targets: [{ url }] } } });
  expect(refusedAt(named('${HOST}'), named('${HOST}'))).toEqual([]);
  expect(refusedAt({}, named('${HOST}'))).toEqual(['upstreams.up.targets[0].url']);
  // Who writes what it holds knows it.
  expect(refusedAt({}, named('${HOST}'), ENV.HOST)).toEqual([]);
  expect(refusedAt({}, named('${NOWHERE:-http://c.test}'), '${NOWHERE:-http://c.test}')).toEqual([]);
});

it('programs are the file’s to name: no command, folder or environment comes from elsewhere', () => {
  const from = server({ command: ['a', 'b'], env: { MODE: 'one' } });
  const to = (own: object) =>
    refusedAt(from, server({ command: ['a', 'b'], env: { MODE: 'one' }, ...own }), 'sh, -c, two');
  expect(to({})).toEqual([]);
  expect(to({ pin: 'off' })).toEqual([]);
  for (const own of [{ command: ['sh', '-c'] }, { cwd: '/' }, { env: { MODE: 'two' } }])
    expect(to(own)).toContain('mcp.servers.s.command');
  expect(refusedAt(from, {}, '')).toEqual([]);
});
