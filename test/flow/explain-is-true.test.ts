import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Slot } from '../../src/contracts/policy.ts';
import { policySchemas } from '../../src/gateway.ts';
import { explainRequest } from '../../src/server/explain.ts';
import { backend } from '../helpers/backend.ts';
import { configText, testGateway } from '../helpers/gateway.ts';
import { call, rawClient } from '../helpers/raw-http.ts';

const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];
const TARGETS = [
  '/',
  '/v1/models',
  '/v1/models/m',
  '/v1/chat/completions',
  '/v1/messages',
  '/v1/responses',
  '/v1/responses/resp_1/input_items',
  '/v1/conversations/c1',
  '/v1/embeddings',
  '/v1/prompts/x',
  '/v1/providers/p/files',
  '/v1/feedback',
  '/v1/feedback/f1',
  '/v1/feedback/widget.js',
  '/v1/status',
  '/v1/orders',
  '/h/1',
  '//h/./1',
  '/users/7',
  '/users/%e9',
  '/users/%C3%A9',
  '/%40me/x',
  '/rw/a/b',
  '/rw/ab',
  '/rw/a../secret',
  '/rw/other',
  '/livez',
  '/readyz',
  '/x%2fy',
  '/../x',
  'http://a.example/h/1',
  'http://b.example/h/1',
  '/x#y',
];

it('explain says of every request what the gateway does with it', async () => {
  const up = await backend((_request, response) => response.end());
  const config = {
    upstreams: { up: { targets: [{ url: up.url }] }, other: { targets: [{ url: up.url }] } },
    routes: [
      { name: 'hosted', match: { path: '/h/*', host: 'a.example' }, upstream: 'up' },
      { name: 'tagged', match: { path: '/h/*', headers: { 'x-a': '1' } }, upstream: 'up' },
      { name: 'users', match: { path: '/users/{id}', methods: ['GET'] }, upstream: 'up' },
      { name: 'me', match: { path: '/@me/*' }, upstream: 'up' },
      {
        name: 'rewritten',
        match: { path: '/rw/*' },
        upstream: 'up',
        rewrite: { from: '^/rw/a(.*)$', to: '/base/$1' },
      },
      {
        name: 'parts',
        match: { path: '/parts/*' },
        split: [
          { upstream: 'up', weight: 1 },
          { upstream: 'other', weight: 1 },
        ],
      },
      { name: 'v1', match: { path: '/v1/*' }, upstream: 'up' },
      { name: 'all', match: { path: '/*', methods: ['GET', 'POST'] }, upstream: 'up' },
    ],
    ai: {
      providers: { p: { kind: 'openai', baseUrl: `${up.url}/v1`, apiKey: 'k' } },
      models: { m: { targets: [{ provider: 'p', model: 'x' }] } },
    },
    hypercare: { enabled: false, feedback: { enabled: true } },
  };
  const gateway = await testGateway(config);
  const policies = await policySchemas();
  const { config: loaded } = loadConfig({ file: 'f', text: configText(config), env: {}, policies });
  const slots = new Map<string, Slot>();

  const differences: string[] = [];
  for (const method of METHODS) {
    for (const target of TARGETS) {
      for (const headers of [{ host: 'a.example' }, { host: 'c.example', 'x-a': '1' }]) {
        const explained = explainRequest(loaded, slots, { method, target, headers });
        const id = `ask-${method}-${TARGETS.indexOf(target)}-${headers.host[0]}`;
        const client = await rawClient(gateway.url);
        const lines = Object.entries({
          ...headers,
          'x-request-id': id,
          connection: 'close',
          'content-length': '0',
        });
        client.send(
          `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
        );
        await client.untilClosed();
        const said = explained.isProbe ? 'a probe' : (explained.refused ?? explained.route?.name ?? 'none');
        if (explained.isProbe) continue;
        const line = await gateway.accessLine(({ request_id }) => request_id === id);
        const refused = line.status === 400 && !line.route ? String(line.reason) : undefined;
        const did = refused ?? (line.route as string | undefined) ?? 'none';
        if (explained.route?.kind === 'api') {
          const { upstreamPath, variant } = explained.route;
          if (variant !== undefined && variant !== line.variant)
            differences.push(`${method} ${target}: said ${variant}, did ${line.variant}`);
          if ((upstreamPath === null) !== (line.reason === 'path_invalid'))
            differences.push(`${method} ${target}: said ${upstreamPath}, did ${line.reason}`);
          if (upstreamPath !== null && upstreamPath !== (line.upstream_path ?? line.path))
            differences.push(`${method} ${target}: said ${upstreamPath}, did ${line.upstream_path}`);
        }
        if (said !== did)
          differences.push(`${method} ${target} at ${headers.host}: said ${said}, did ${did}`);
      }
    }
  }
  for (const session of ['s1', 's2', 's3', 's4', 's5', 's6']) {
    for (const headers of [{ 'x-session-id': session }, { cookie: `a=b; x-session-id=${session}` }]) {
      const explained = explainRequest(loaded, slots, { method: 'GET', target: '/parts/1', headers });
      const variant = explained.route?.kind === 'api' ? explained.route.variant : undefined;
      const answer = await call(gateway.url, '/parts/1', { headers });
      const line = await gateway.accessLine(
        ({ request_id }) => request_id === answer.headers['x-request-id'],
      );
      if (variant === undefined || variant !== line.variant)
        differences.push(`${session}: said ${variant}, did ${line.variant}`);
    }
  }
  expect(differences).toEqual([]);
  expect(gateway.lines.filter(({ path }) => path === '/livez')).toEqual([]);
});

it('settings that a policy itself refuses have a place, before anything is built', async () => {
  const text = `version: 1
upstreams: { up: { targets: [{ url: "http://127.0.0.1:1" }] } }
routes:
  - name: things
    match: { path: /things }
    upstream: up
    policies:
      - headers: { response: { set: { Connection: x } } }
`;
  const policies = await policySchemas();
  expect(() => loadConfig({ file: 'f.yaml', text, env: {}, policies })).toThrow(
    expect.objectContaining({
      problems: [
        expect.objectContaining({
          line: 8,
          column: 18,
          key: 'routes[0].policies[0].headers',
          message: expect.stringContaining('Connection belongs to'),
        }),
      ],
    }),
  );
});
