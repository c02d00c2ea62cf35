import type { LookupAddress } from 'node:dns';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call, problemCode } from '../helpers/raw-http.ts';

const at = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

it('a name that leads where nobody has configured anything is not connected to', async () => {
  const up = await backend((_request, response) => response.end('there'));
  const names: Record<string, LookupAddress[]> = {
    // Of Linux this is the machine itself: what would answer if it were asked.
    'anything.test': at('0.0.0.0'),
    'mapped.test': at('::ffff:0.0.0.0'),
    'metadata.test': at('169.254.169.254', 'fd00:ec2::254', 'fe80::1'),
    'both.test': at('169.254.169.254', '127.0.0.1'),
    'inside.test': at('127.0.0.1'),
    'denied.test': at('127.0.0.2'),
  };
  const upstreams = Object.keys(names).map((name) => [
    name.slice(0, -'.test'.length),
    { targets: [{ url: `http://${name}:${up.port}` }] },
  ]);
  const gateway = await testGateway(
    {
      server: { outbound: { deny: ['127.0.0.2/31'] } },
      upstreams: Object.fromEntries([
        ...upstreams,
        ['literal', { targets: [{ url: `http://127.0.0.1:${up.port}` }] }],
        ['localhost', { targets: [{ url: `http://localhost:${up.port}` }] }],
      ]),
      routes: [...upstreams.map(([name]) => name), 'literal', 'localhost'].map((name) => ({
        name,
        match: { path: `/${name}` },
        upstream: name,
      })),
    },
    { resolve: async (hostname) => names[hostname] ?? at('127.0.0.1') },
  );
  for (const name of ['anything', 'mapped', 'metadata', 'denied']) {
    const answer = await call(gateway.url, `/${name}`);
    expect([name, answer.status, problemCode(answer)]).toEqual([name, 502, 'upstream_address_refused']);
    expect(answer.body.toString(), 'that is for the log').not.toMatch(/169\.254|\.test/);
  }
  for (const name of ['both', 'inside', 'literal', 'localhost'])
    expect([name, (await call(gateway.url, `/${name}`)).status]).toEqual([name, 200]);
  const line = await gateway.accessLine(({ route }) => route === 'metadata');
  expect(line).toMatchObject({
    reason: 'upstream_address_refused',
    detail: expect.stringContaining('metadata.test is at 169.254.169.254'),
  });
});

it('what a policy asks for itself goes the same way: keys of an issuer', async () => {
  const up = await backend((_request, response) => response.end('there'));
  const asked: string[] = [];
  const gateway = await testGateway(
    {
      upstreams: { up: { targets: [{ url: up.url }] } },
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'up',
          policies: [
            {
              'auth-jwt': { issuer: 'https://idp.test', audience: 'shop', jwksUri: 'https://idp.test/keys' },
            },
          ],
        },
      ],
    },
    {
      resolve: async (hostname) => {
        asked.push(hostname);
        return at('169.254.169.254');
      },
    },
  );
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256', kid: '1' })}.${part({ iss: 'https://idp.test', aud: 'shop', exp: 9e9 })}.eA`;
  const answer = await call(gateway.url, '/', { headers: { authorization: `Bearer ${token}` } });
  expect([answer.status, problemCode(answer)]).toEqual([503, 'auth_unavailable']);
  expect(new Set(asked)).toEqual(new Set(['idp.test']));
  expect(JSON.stringify(gateway.lines)).toContain('idp.test is at 169.254.169.254');
});
