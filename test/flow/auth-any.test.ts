import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { policySchemas } from '../../src/gateway.ts';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const consumers = [
  { name: 'shop', groups: ['web'], keys: [{ id: 'k1', sha256: digest('key-of-the-shop') }] },
];

async function issuer(iss: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const token = (sub: string): Promise<string> =>
    new SignJWT({ iss, aud: 'shop', sub })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(privateKey);
  return { token, policy: { issuer: iss, audience: 'shop', jwks: { keys: [jwk] } } };
}

async function guarded(ways: object[], more: object[] = []) {
  const seen: IncomingHttpHeaders[] = [];
  const { url } = await backend((request, response) => {
    seen.push(request.headers);
    response.end('ok');
  });
  const gateway = await testGateway({
    consumers,
    upstreams: { up: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'up',
        policies: [{ 'auth-any': ways }, ...more],
      },
    ],
  });
  const ask = async (headers: Record<string, string>) => {
    const answer = await fetch(`${gateway.url}/things`, { headers });
    const body = await answer.text();
    const code = answer.status === 200 ? '' : (JSON.parse(body) as { code: string }).code;
    return { status: answer.status, code, challenge: answer.headers.get('www-authenticate') };
  };
  return { gateway, ask, seen };
}

it('an API key or a token or a password lets in, each as whom it is', async () => {
  const one = await issuer('https://one.example.com');
  const two = await issuer('https://two.example.com');
  const { ask, seen, gateway } = await guarded([
    { 'auth-api-key': {} },
    { 'auth-jwt': { ...one.policy, consumerPrefix: 'one' } },
    { 'auth-jwt': { ...two.policy, consumerPrefix: 'two' } },
    { 'auth-basic': { users: [{ name: 'job', sha256: digest('secret'), consumer: 'shop' }] } },
  ]);
  const bearer = async (token: Promise<string>): Promise<string> => `Bearer ${await token}`;
  const shown: [Record<string, string>, string][] = [
    [{ 'x-api-key': 'key-of-the-shop' }, 'shop'],
    [{ authorization: 'Bearer key-of-the-shop' }, 'shop'],
    [{ authorization: await bearer(one.token('alice')) }, 'one:alice'],
    [{ authorization: await bearer(two.token('alice')) }, 'two:alice'],
    [{ authorization: basic('job:secret') }, 'shop'],
    [{ 'x-api-key': 'wrong', authorization: await bearer(one.token('bob')) }, 'one:bob'],
  ];
  for (const [headers, consumer] of shown) {
    expect((await ask(headers)).status).toBe(200);
    expect(seen.at(-1)?.['x-consumer-name']).toBe(consumer);
    expect(seen.at(-1)).not.toHaveProperty('x-api-key');
  }
  // Keys and passwords stay here, tokens go on as each of the policies says.
  expect(seen.map(({ authorization }) => authorization?.slice(0, 6))).toEqual([
    undefined,
    undefined,
    'Bearer',
    'Bearer',
    undefined,
    'Bearer',
  ]);
  expect(gateway.loaded.openRoutes).toEqual(['/v1/feedback', '/v1/status']);
});

it('what nobody has verified goes no further than the gateway, though the way it belongs to forwards', async () => {
  const one = await issuer('https://one.example.com');
  const unsigned = `Bearer ${new UnsecuredJWT({ sub: 'admin' }).encode()}`;
  const user = { name: 'job', sha256: digest('secret'), consumer: 'shop' };
  const { ask, seen } = await guarded([
    { 'auth-api-key': { forward: true } },
    { 'auth-jwt': one.policy },
    { 'auth-basic': { users: [user], forward: true } },
  ]);
  const token = `Bearer ${await one.token('alice')}`;
  const shown: [Record<string, string>, Record<string, string>][] = [
    [{ 'x-api-key': 'key-of-the-shop', authorization: unsigned }, { 'x-api-key': 'key-of-the-shop' }],
    [
      { 'x-api-key': 'key-of-the-shop', authorization: unsigned.replace(' ', '\t') },
      { 'x-api-key': 'key-of-the-shop' },
    ],
    [{ 'x-api-key': 'key-of-the-shop', authorization: basic('job:x') }, { 'x-api-key': 'key-of-the-shop' }],
    [{ 'x-api-key': 'wrong', authorization: token }, { authorization: token }],
    [{ 'x-api-key': 'wrong', authorization: basic('job:secret') }, { authorization: basic('job:secret') }],
    [{ authorization: 'Bearer key-of-the-shop' }, { authorization: 'Bearer key-of-the-shop' }],
    [
      { 'x-api-key': 'key-of-the-shop', authorization: 'Other of-the-upstream' },
      { 'x-api-key': 'key-of-the-shop', authorization: 'Other of-the-upstream' },
    ],
  ];
  for (const [headers, forwarded] of shown) {
    expect((await ask(headers)).status).toBe(200);
    const { authorization, 'x-api-key': key } = seen.at(-1) ?? {};
    expect(JSON.parse(JSON.stringify({ 'x-api-key': key, authorization }))).toEqual(forwarded);
  }
});

it('who passes none is told all the ways and nothing else, and the log says what each of them said', async () => {
  const one = await issuer('https://one.example.com');
  const stranger = await issuer('https://one.example.com');
  const { ask, gateway, seen } = await guarded(
    [
      { 'auth-api-key': {} },
      { 'auth-jwt': one.policy },
      { 'auth-basic': { users: [{ name: 'job', sha256: digest('secret'), consumer: 'shop' }] } },
    ],
    [{ 'rate-limit': { limit: 1, window: '1h', per: 'route' } }],
  );
  const nothing = await ask({});
  expect([nothing.status, nothing.code]).toEqual([401, 'auth_required']);
  expect(nothing.challenge).toBe('Bearer, Basic realm="gateway", charset="UTF-8"');
  expect(await ask({ 'x-api-key': 'wrong' })).toMatchObject({ status: 401, code: 'auth_key_unknown' });
  expect(await ask({ authorization: basic('job:wrong') })).toMatchObject({
    status: 401,
    code: 'auth_credentials_wrong',
  });
  const forged = await ask({ authorization: `Bearer ${await stranger.token('alice')}` });
  expect(forged).toMatchObject({ status: 401, challenge: expect.stringContaining('error="invalid_token"') });
  await gateway.accessLine(
    ({ detail }) =>
      detail ===
      'auth-api-key: auth_key_unknown; auth-jwt: auth_token_invalid (ERR_JWS_SIGNATURE_VERIFICATION_FAILED); auth-basic: auth_credentials_missing',
  );
  // Nobody who was refused has used up the limit.
  expect(await ask({ 'x-api-key': 'key-of-the-shop' })).toMatchObject({ status: 200 });
  expect(seen).toHaveLength(1);
});

it('where a way can not decide, nobody is told that what they showed is wrong', async () => {
  const one = await issuer('http://127.0.0.1:9/');
  // Nobody listens on port 9.
  const { ask } = await guarded([
    { 'auth-api-key': {} },
    { 'auth-jwt': { issuer: 'http://127.0.0.1:9/', audience: 'shop', discovery: true, timeout: '1s' } },
  ]);
  expect(await ask({ authorization: `Bearer ${await one.token('alice')}` })).toMatchObject({
    status: 503,
    code: 'auth_unavailable',
  });
  expect(await ask({ 'x-api-key': 'key-of-the-shop' })).toMatchObject({ status: 200 });
  expect(await ask({ 'x-api-key': 'wrong' })).toMatchObject({ status: 401, code: 'auth_key_unknown' });
});

it.each([
  [[{ 'auth-api-key': {} }], /must have at least 2 entries/],
  [[{ 'auth-api-key': {} }, { authorize: { groups: ['a'] } }], /there is no policy "authorize"/],
  [[{ 'auth-api-key': {} }, { 'auth-jwt': {} }], /issuer/],
  [[{ 'auth-api-key': {}, 'auth-jwt': {} }, {}], /holds several policies/],
])('ways that can not be meant are refused: %j', async (ways, reason) => {
  const config = {
    version: 1,
    consumers,
    upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } },
    routes: [
      { name: 'things', match: { path: '/things' }, upstream: 'up', policies: [{ 'auth-any': ways }] },
    ],
  };
  const policies = await policySchemas();
  const load = () => loadConfig({ file: 'gateway.yaml', text: JSON.stringify(config), env: {}, policies });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(reason);
});
