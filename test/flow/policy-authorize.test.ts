import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import authorize from '../../plugins/authorize/index.ts';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyPorts } from '../../src/contracts/policy.ts';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { rawExchange } from '../helpers/raw-http.ts';

const digest = (key: string): string => createHash('sha256').update(key).digest('hex');
const consumers = ['ann', 'ben', 'cid'].map((name, i) => ({
  name,
  groups: [['staff'], ['staff', 'auditors'], []][i],
  keys: [{ id: 'k1', sha256: digest(`key-of-${name}`) }],
}));

async function guarded(rules: object[], identify: object[] = [{ 'auth-api-key': {} }]) {
  const { url } = await backend((_request, response) => void response.end('ok'));
  const gateway = await testGateway({
    consumers,
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/*' },
        upstream: 'shop',
        policies: [...rules.map((authorize) => ({ authorize })), ...identify],
      },
    ],
  });
  const ask = async (who: string, path = '/things', method = 'GET', more = {}): Promise<number> => {
    const headers = { 'x-api-key': `key-of-${who}`, ...more };
    const answer = await fetch(gateway.url + path, { method, headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { gateway, ask };
}

it('a member of a group may pass, and so may a consumer that is named; nobody else', async () => {
  const { gateway, ask } = await guarded([{ groups: ['auditors'], consumers: ['cid'] }]);
  expect([await ask('ann'), await ask('ben'), await ask('cid')]).toEqual([403, 200, 200]);
  const line = await gateway.accessLine(({ reason }) => reason === 'not_authorized');
  expect(line).toMatchObject({ consumer: 'ann', detail: 'wants groups auditors or consumers cid' });
});

it('the answer says nothing of the rule', async () => {
  const { gateway } = await guarded([{ groups: ['auditors'] }]);
  const answer = await fetch(gateway.url, { headers: { 'x-api-key': 'key-of-ann' } });
  expect(answer.status).toBe(403);
  expect(await answer.text()).not.toMatch(/auditors|group|ann/);
});

it('of two rules both must agree', async () => {
  const { ask } = await guarded([{ groups: ['staff'] }, { groups: ['auditors'] }]);
  expect([await ask('ann'), await ask('ben'), await ask('cid')]).toEqual([403, 200, 403]);
});

it('without a policy that says who asks it is refused with the config: it would let nobody in', async () => {
  await expect(guarded([{ groups: ['staff'] }], [])).rejects.toThrow(
    'routes[0].policies[0].authorize: lets nobody in: no policy beside it says who asks. Add one of auth-api-key',
  );
  // Of a claim that nobody keeps, too, and a limit by one would be a limit of all together.
  const token = {
    issuer: 'https://id.example',
    audience: 'a',
    jwksUri: 'https://id.example/keys',
    claims: ['plan'],
  };
  const ways = [{ 'auth-any': [{ 'auth-api-key': {} }, { 'auth-jwt': token }] }];
  const unheard = 'asks for a claim that no policy beside it keeps: list it under claims of auth-jwt';
  const limits = { limit: 9, window: '1m', per: 'claim:plan + claim:team' };
  const refused = guarded(
    [{ claims: { plan: ['gold'], aud: ['a'], tenant: ['x'] } }],
    [...ways, { 'rate-limit': limits }],
  );
  await expect(refused).rejects.toThrow(`authorize.claims.tenant: ${unheard}`);
  await expect(refused).rejects.toThrow(`rate-limit.per: ${unheard}`);
  // A plugin may let people pass that it does not name.
  const policy = await authorize.create({ groups: ['staff'] }, {} as PolicyPorts);
  const verdict = policy.onRequest?.(
    { consumer: '' } as Exchange,
    { headers: {} } as FastifyRequest,
    {} as FastifyReply,
  );
  expect(verdict).toMatchObject({ code: 'auth_required', headers: { 'www-authenticate': 'Bearer' } });
});

it('a rule for methods leaves the others alone, and HEAD is no way around GET', async () => {
  const { ask } = await guarded([{ groups: ['auditors'], methods: ['GET', 'DELETE'] }]);
  const asked = ['GET', 'HEAD', 'DELETE', 'POST'].map((method) => ask('ann', '/things', method));
  expect(await Promise.all(asked)).toEqual([403, 403, 403, 200]);
});

it.each([
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X_HTTP_Method-Override',
  'x_http_method',
])('a method that %s asks for is no way around a rule for that method', async (name) => {
  const { ask } = await guarded([{ groups: ['auditors'], methods: ['DELETE'] }]);
  const asked = ['DELETE', 'delete', 'PUT, DELETE', 'PATCH'].map((method) =>
    ask('ann', '/things', 'POST', { [name]: method }),
  );
  expect(await Promise.all(asked)).toEqual([403, 403, 403, 200]);
});

it('a rule for paths holds for what lies below them, however it is spelt', async () => {
  const { gateway } = await guarded([{ groups: ['auditors'], paths: ['/admin', '/@me/'] }]);
  const status = async (path: string): Promise<number> => {
    const [answer] = await rawExchange(
      gateway.url,
      `GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: key-of-ann\r\nconnection: close\r\n\r\n`,
    );
    return answer?.status ?? 0;
  };
  const inside = [
    '/admin',
    '/admin/',
    '/admin/x',
    '/Admin/x',
    '/%61dmin/x',
    '//admin/x',
    '/x/../admin',
    '/admin;a=b/x',
    '/admin%3Ba=b/x',
    '/;x/admin',
    '/;/;a=b/admin/x',
    '/admin.',
    '/admin.;x',
    '/admin%20/x',
    '/admin::$DATA',
    '/x/%EF%BC%8E%EF%BC%8E/admin',
    '/x%EF%BC%8F..%EF%BC%8Fadmin',
    '/%EF%BD%81dmin',
    '/adm%C4%B1n',
    '/admin/%EF%BC%8E%EF%BC%8E/x',
    '/@me',
    '/%40me/x',
    '/%40ME/x',
  ];
  for (const path of inside) expect(`${path} ${await status(path)}`).toBe(`${path} 403`);
  for (const path of ['/administrator', '/x/admin', '/', '/caf%C3%A9', '/x;admin', '/x/;admin', '/x.admin'])
    expect(`${path} ${await status(path)}`).toBe(`${path} 200`);
});

it('a claim of the token decides, alone or beside a group, and only one that its policy keeps', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const identify = {
    issuer: 'https://id.example.com',
    audience: 'shop',
    jwks: { keys: [jwk] },
    claims: ['tier', 'a.scope', 'level'],
  };
  const token = (claims: object): Promise<string> =>
    new SignJWT({ iss: 'https://id.example.com', aud: 'shop', sub: 'eve', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(privateKey);
  const asking = async (rule: object) => {
    const { gateway } = await guarded([rule], [{ 'auth-jwt': identify }]);
    const ask = async (claims: object): Promise<number> => {
      const answer = await fetch(gateway.url, {
        headers: { authorization: `Bearer ${await token(claims)}` },
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    return { gateway, ask };
  };
  const alone = await asking({ claims: { tier: ['gold', 'silver'], level: ['3'] } });
  for (const [claims, status] of [
    [{ tier: 'gold', level: 3 }, 200],
    [{ tier: ['bronze', 'silver'], level: '3' }, 200],
    [{ tier: 'gold' }, 403],
    [{ tier: 'Gold', level: 3 }, 403],
    [{ tier: { gold: true }, level: 3 }, 403],
    [{ tier: 'gold silver', level: 3 }, 403],
    [{ tier: null, level: 3 }, 403],
    [{}, 403],
  ] as const) {
    expect([claims, await alone.ask(claims)]).toEqual([claims, status]);
  }
  const { detail } = await alone.gateway.accessLine(({ reason }) => reason === 'not_authorized');
  expect(detail).toBe('wants claim tier gold, silver and claim level 3');
  const both = await asking({ groups: ['staff'], claims: { 'a.scope': ['write'] } });
  expect(await both.ask({ groups: ['staff'], a: { scope: ['write'] } })).toBe(200);
  expect(await both.ask({ groups: ['staff'], a: { scope: ['read'] } })).toBe(403);
  expect(await both.ask({ groups: ['others'], a: { scope: ['write'] } })).toBe(403);
  for (const name of ['email', '__proto__', 'constructor']) {
    const rule = { claims: { [name]: ['x'] } };
    await expect(asking(rule)).rejects.toThrow('asks for a claim that no policy beside it keeps');
    const policy = await authorize.create(rule, {} as PolicyPorts);
    const eve = { consumer: 'eve', consumerClaims: {} } as Exchange;
    const verdict = policy.onRequest?.(eve, {} as FastifyRequest, {} as FastifyReply);
    expect(verdict).toMatchObject({ code: 'not_authorized' });
  }
});
