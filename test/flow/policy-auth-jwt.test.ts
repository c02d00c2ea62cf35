import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { expect, it, onTestFinished, vi } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawExchange } from '../helpers/raw-http.ts';

const ISSUER = 'https://id.example.com/';

async function keyPair(kid: string, alg = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  /** A token of alice for the shop, good for five minutes, unless it says otherwise. */
  const token = (claims: JWTPayload = {}, header: object = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: ISSUER, aud: 'shop', sub: 'alice', exp: now + 300, ...claims })
      .setProtectedHeader({ alg, kid, ...header })
      .sign(privateKey);
  };
  return { jwk, token, publicKey };
}

/** Publishes keys, counts who asks, and can be out of order in several ways. */
async function issuer(...keys: JWK[]) {
  const state = {
    keys,
    asked: 0,
    status: 200,
    headers: {} as Record<string, string>,
    body: '',
    hangs: false,
  };
  const server = createServer((_request, response) => {
    state.asked++;
    if (state.hangs) return;
    response.writeHead(state.status, state.headers);
    response.end(state.body || JSON.stringify({ keys: state.keys }));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  onTestFinished(stop);
  return Object.assign(state, {
    uri: `http://127.0.0.1:${port}/jwks.json`,
    stop,
    start: () => listen(port),
  });
}

async function guarded(settings: object, extra: { policies?: object[]; consumers?: object[] } = {}) {
  const seen: IncomingHttpHeaders[] = [];
  const { url } = await backend((request, response) => {
    seen.push(request.headers);
    response.end('ok');
  });
  const config = (more: object = {}, last: object[] = []) => ({
    server: { limits: { header: '64kb' } },
    consumers: extra.consumers ?? [],
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        policies: [
          { 'auth-jwt': { issuer: ISSUER, audience: 'shop', ...settings, ...more } },
          ...(extra.policies ?? []),
          ...last,
        ],
      },
    ],
  });
  const gateway = await testGateway(config());
  const ask = async (token?: string): Promise<number> => {
    const answer = await fetch(`${gateway.url}/things`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  /** @returns whether the changed settings, and the policies after this one, were taken */
  const reload = async (more: object, last: object[] = []): Promise<boolean> => {
    await gateway.write(config(more, last));
    return gateway.reload();
  };
  return { gateway, ask, seen, reload };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

it('a token of the issuer opens the door for whom it names, with the groups that it says', async () => {
  const key = await keyPair('k1');
  const { jwk, token } = key;
  const { uri } = await issuer(jwk);
  const { ask, seen } = await guarded({ jwksUri: uri }, { policies: [{ authorize: { groups: ['staff'] } }] });
  const good = await token({ groups: ['staff', 'more'] });
  expect(await ask(good)).toBe(200);
  expect(await ask(good)).toBe(200);
  expect(await ask(await token({ groups: ['others'] }))).toBe(403);
  expect(seen.map((headers) => headers['x-consumer-name'])).toEqual(['jwt:alice', 'jwt:alice']);
  expect(seen[0]?.authorization).toBe(`Bearer ${good}`);
});

it.each([
  'RS256',
  'PS256',
  'ES384',
  'EdDSA',
  'Ed25519',
])('%s is believed, from keys in the config too', async (alg) => {
  const { jwk, token } = await keyPair('k1', alg);
  const { ask, seen } = await guarded({ jwks: { keys: [jwk] }, forward: false });
  expect(await ask(await token())).toBe(200);
  expect(seen[0]).not.toHaveProperty('authorization');
});

it('every token that is not quite right is refused alike, and the log says why', async () => {
  const { jwk, token, publicKey } = await keyPair('k1', 'RS256');
  const stranger = await keyPair('k1', 'RS256');
  const { uri, ...state } = await issuer(jwk);
  const { gateway, seen } = await guarded({ jwksUri: uri, required: { tier: ['gold'] } });
  const now = Math.floor(Date.now() / 1000);
  const ok = { tier: 'gold' };
  const [head, body, signature] = (await token(ok)).split('.') as [string, string, string];
  const hmac = (secret: string): string => {
    const text = `${part({ alg: 'HS256', kid: 'k1' })}.${body}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const pem = await exportSPKI(publicKey);
  const embedded = { jku: 'http://127.0.0.1:9/', x5u: 'http://127.0.0.1:9/', jwk: stranger.jwk };
  const cases: [string, string | RegExp][] = [
    [await token({ ...ok, aud: 'bank' }), /aud check_failed/],
    [await token({ ...ok, aud: undefined }), /aud missing/],
    [await token({ ...ok, iss: 'https://evil.example.com/' }), /iss check_failed/],
    [await token({ ...ok, exp: now - 31 }), /EXPIRED: exp/],
    [await token({ ...ok, exp: undefined }), /exp missing/],
    [await token({ ...ok, nbf: now + 60 }), /nbf check_failed/],
    [await token({ ...ok, sub: undefined }), /sub names nobody/],
    [await token({ ...ok, sub: '' }), /sub names nobody/],
    [await token({ ...ok, sub: ['alice'] as unknown as string }), /sub names nobody/],
    [await token(), /tier is not what is required/],
    [`${part({ alg: 'none', kid: 'k1' })}.${body}.`, /ALG_NOT_ALLOWED/],
    [`${part({ alg: 'nOnE' })}.${body}.`, /ALG_NOT_ALLOWED/],
    [hmac(pem), /ALG_NOT_ALLOWED/],
    [hmac(pem.trimEnd()), /ALG_NOT_ALLOWED/],
    [hmac(JSON.stringify(jwk)), /ALG_NOT_ALLOWED/],
    [await stranger.token(ok), /SIGNATURE_VERIFICATION_FAILED/],
    [await stranger.token(ok, embedded), /SIGNATURE_VERIFICATION_FAILED/],
    [await stranger.token(ok, { ...embedded, kid: 'evil' }), /NO_MATCHING_KEY/],
    [await stranger.token(ok, { kid: '../../../dev/null' }), /NO_MATCHING_KEY/],
    [await stranger.token(ok, { kid: '__proto__' }), /NO_MATCHING_KEY/],
    [`${part({ alg: 'RS256', kid: ['k1'] })}.${body}.${signature}`, /ERR_/],
    [`${part({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })}.${body}.${signature}`, /ERR_/],
    [`${part({ alg: 'RS256', kid: 'k1', crit: ['b64'], b64: false })}.${body}.${signature}`, /ERR_/],
    [
      `${head}.${part({ iss: ISSUER, aud: 'shop', sub: 'root', exp: now + 99, ...ok })}.${signature}`,
      /SIGNATURE/,
    ],
    [`${head}.${body}.`, /ERR_/],
    [`${head}.${body}`, /ERR_/],
    [`${head}.${body}.${signature}.x.y`, /ERR_/],
    ['a-secret-that-is-no-token', /ERR_/],
    [`${head}.${'A'.repeat(16 * 1024)}.${signature}`, 'the token is longer than 16 kB'],
  ];
  for (const [bad, reason] of cases) {
    const answer = await fetch(`${gateway.url}/things`, { headers: { authorization: `Bearer ${bad}` } });
    expect(`${answer.status} ${reason}`).toBe(`401 ${reason}`);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ code: 'auth_token_invalid' });
    expect(text).not.toMatch(/ERR_|exp|claim|kid/);
    const id = answer.headers.get('x-request-id');
    const { detail } = await gateway.accessLine((line) => line.request_id === id);
    expect(detail).toMatch(reason);
  }
  expect(seen).toEqual([]);
  const log = JSON.stringify(gateway.lines);
  for (const [bad] of cases) expect(log).not.toContain(bad.slice(0, 24));
  expect(log).not.toContain(body.slice(0, 24));
  expect(state.asked).toBeLessThanOrEqual(2);
});

it('those with one value of a claim share a limit', async () => {
  const { jwk, token } = await keyPair('k1');
  const limit = { 'rate-limit': { limit: 2, window: '1h', per: 'claim:tenant' } };
  const { ask } = await guarded({ jwks: { keys: [jwk] }, claims: ['tenant'] }, { policies: [limit] });
  const of = async (sub: string, tenant?: string) => ask(await token({ sub, ...(tenant && { tenant }) }));
  expect([await of('a', 'acme'), await of('b', 'acme'), await of('c', 'acme')]).toEqual([200, 200, 429]);
  expect([await of('c', 'other'), await of('c')]).toEqual([200, 200]);
});

it('without a token it asks for one and says nothing of an error', async () => {
  const { jwk } = await keyPair('k1');
  const { gateway } = await guarded({ jwks: { keys: [jwk] } });
  for (const authorization of [undefined, 'Basic YTpi', 'Bearer', 'Bearer  ']) {
    const answer = await fetch(`${gateway.url}/things`, { headers: authorization ? { authorization } : {} });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toMatchObject({ code: 'auth_token_missing' });
  }
});

it('clocks may differ by the skew, and a remembered token ends when it ends', async () => {
  const { jwk, token } = await keyPair('k1');
  const { ask } = await guarded({ jwks: { keys: [jwk] } });
  const now = Math.floor(Date.now() / 1000);
  expect(await ask(await token({ exp: now - 10, nbf: now + 10 }))).toBe(200);
  const good = await token({ exp: now + 60 });
  expect(await ask(good)).toBe(200);
  vi.useFakeTimers({ toFake: ['Date'], now: (now + 60 + 25) * 1000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await ask(good)).toBe(200);
  vi.setSystemTime((now + 60 + 35) * 1000);
  expect(await ask(good)).toBe(401);
});

it('no token is a consumer of the config, unless the config says that it may be', async () => {
  const { jwk, token } = await keyPair('k1');
  const consumers = [{ name: 'alice', groups: ['admins'] }];
  const jwks = { keys: [jwk] };
  const plain = await guarded({ jwks }, { consumers });
  const joined = await guarded({ jwks, configuredConsumers: true }, { consumers });
  const ask = async (sub: string): Promise<void> => {
    await plain.ask(await token({ sub }));
    await joined.ask(await token({ sub }));
  };
  await ask('alice');
  await ask('jwt:alice');
  await ask('a/b');
  await ask('a_b');
  await ask(`${'long'.repeat(100)}\u00e9\r\n`);
  const names = (seen: IncomingHttpHeaders[]) => seen.map((headers) => headers['x-consumer-name']);
  const rest = [
    'jwt:jwt:alice',
    expect.stringMatching(/^jwt:a_b~[0-9a-f]{32}$/),
    'jwt:a_b',
    expect.stringMatching(/^jwt:(long){6}~[0-9a-f]{32}$/),
  ];
  expect(names(plain.seen)).toEqual(['jwt:alice', ...rest]);
  expect(names(joined.seen)).toEqual(['alice', ...rest]);
});

it('when the issuer rotates its keys, the new one is found at once and the old one ends', async () => {
  const [old, young] = [await keyPair('k1'), await keyPair('k2')];
  const state = await issuer(old.jwk);
  const { ask } = await guarded({ jwksUri: state.uri, cooldown: '0ms' });
  const before = await old.token();
  expect(await ask(before)).toBe(200);
  state.keys = [old.jwk, young.jwk];
  expect(await ask(await young.token())).toBe(200);
  expect(await ask(before)).toBe(200);
  state.keys = [young.jwk];
  expect(await ask(await old.token({}, { kid: 'k3' }))).toBe(401);
  expect(await ask(before)).toBe(401);
  expect(await ask(await young.token())).toBe(200);
});

it('tokens without kid are believed through a rotation: before it, while there are two keys, and after it', async () => {
  const nameless = async () => {
    const pair = await keyPair('k1', 'RS256');
    const { kid: _kid, ...jwk } = pair.jwk;
    return { jwk, token: (jti: string) => pair.token({ jti }, { kid: undefined }) };
  };
  const [old, young, stranger] = [await nameless(), await nameless(), await nameless()];
  const state = await issuer(old.jwk);
  const { gateway, ask } = await guarded({ jwksUri: state.uri, cooldown: '0ms' });
  expect(await ask(await old.token('1'))).toBe(200);
  state.keys = [old.jwk, young.jwk];
  expect(await ask(await young.token('2'))).toBe(200);
  expect(await ask(await old.token('3'))).toBe(200);
  expect(await ask(await stranger.token('4'))).toBe(401);
  const { detail } = await gateway.accessLine(({ status }) => status === 401);
  expect(detail).toMatch(/SIGNATURE/);
  state.keys = [young.jwk];
  expect(await ask(await stranger.token('5'))).toBe(401);
  expect(await ask(await young.token('6'))).toBe(200);
  expect(await ask(await old.token('7'))).toBe(401);
});

it('forged tokens without kid make the gateway ask once in a while, not each time', async () => {
  const [good, stranger] = [await keyPair('k1'), await keyPair('k1')];
  const state = await issuer(good.jwk);
  const { ask } = await guarded({ jwksUri: state.uri });
  expect(await ask(await good.token())).toBe(200);
  const asked = state.asked;
  for (let i = 0; i < 10; i++) expect(await ask(await stranger.token({ i }, { kid: undefined }))).toBe(401);
  expect(state.asked).toBe(asked);
});

it('an issuer that is late at the start: what is plainly wrong is refused, the rest is let in as soon as it is there', async () => {
  const { jwk, token } = await keyPair('k1');
  const state = await issuer(jwk);
  await state.stop();
  // With the cooldown that a gateway has by itself: half a minute.
  const { gateway, ask } = await guarded({ jwksUri: state.uri });
  const now = Math.floor(Date.now() / 1000);
  const good = await token();
  const answer = await fetch(`${gateway.url}/things`, { headers: { authorization: `Bearer ${good}` } });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await ask(await token({ exp: now - 60 }))).toBe(401);
  expect(await ask(await token({ exp: undefined }))).toBe(401);
  expect(await ask(await token({ aud: 'bank' }))).toBe(401);
  expect(await ask(await token({ aud: ['bank', 'shop'] }))).toBe(503);
  // Some tries come to nothing before it is there.
  const failures = () => gateway.metric('gateway_policy_degraded_total', { policy: 'auth-jwt' });
  const before = await failures();
  await eventually(async () => (await ask(good)) === 503 && (await failures()) > before + 5);
  await state.start();
  await eventually(async () => (await ask(good)) === 200, 15_000);
});

it('keys are fetched anew behind the requests, before anybody asks for them', async () => {
  const [old, young] = [await keyPair('k1'), await keyPair('k2')];
  const state = await issuer(old.jwk);
  const { ask } = await guarded({ jwksUri: state.uri, refresh: '500ms' });
  const before = await old.token();
  expect(await ask(before)).toBe(200);
  state.keys = [young.jwk];
  const good = await young.token();
  await eventually(async () => (await ask(before)) === 401);
  expect(await ask(good)).toBe(200);
});

it('tokens with keys that nobody knows make the gateway ask once in a while, not each time', async () => {
  const { jwk, token } = await keyPair('k1');
  const state = await issuer(jwk);
  const { ask } = await guarded({ jwksUri: state.uri });
  expect(await ask(await token())).toBe(200);
  const asked = state.asked;
  const guesses = Array.from({ length: 40 }, async (_, i) => ask(await token({}, { kid: `guess-${i}` })));
  expect(new Set(await Promise.all(guesses))).toEqual(new Set([401]));
  expect(state.asked).toBe(asked);
});

it('while the issuer is down the last good keys serve on, through a reload too, but not for ever', async () => {
  const { jwk, token } = await keyPair('k1');
  const state = await issuer(jwk);
  const { gateway, ask, reload } = await guarded({ jwksUri: state.uri, refresh: '500ms', maxStale: '12s' });
  expect(await ask(await token())).toBe(200);
  const remembered = await token({ groups: ['a'] });
  expect(await ask(remembered)).toBe(200);
  await state.stop();
  expect(await reload({ clockSkew: '10s' })).toBe(true);
  expect(await ask(await token({ jti: 'new' }))).toBe(200);
  // Its key may have been published since, and nobody can say that it was not.
  const unknown = await token({}, { kid: 'k2' });
  await eventually(async () => (await ask(unknown)) === 503);
  expect(await reload({ timeout: '2s' })).toBe(true);
  expect(await ask(remembered)).toBe(200);
  await eventually(async () => (await ask(remembered)) === 503, 30_000);
  expect(await ask(await token())).toBe(503);
  await gateway.accessLine(({ reason, status }) => reason === 'auth_unavailable' && status === 503);
  await state.start();
  await eventually(async () => (await ask(remembered)) === 200);
});

it.each([
  ['is down', { down: true }],
  ['says 500', { status: 500 }],
  ['sends somebody elsewhere', { status: 302 }],
  ['says nothing', { hangs: true }],
  ['sends a page', { body: '<html>' }],
  ['sends another thing', { body: '{"keys":7}' }],
  ['sends without end', { body: ' '.repeat(600 * 1024) }],
])('an issuer that %s from the start lets nobody in, loudly, until it is back', async (_, fault) => {
  const { jwk, token } = await keyPair('k1');
  const elsewhere = await issuer(jwk);
  const state = await issuer(jwk);
  Object.assign(state, { ...fault, headers: { location: elsewhere.uri } });
  if ('down' in fault) await state.stop();
  const { gateway, ask, seen } = await guarded({ jwksUri: state.uri, timeout: '300ms', cooldown: '500ms' });
  const good = await token();
  expect(await ask(good)).toBe(503);
  expect(await ask('rubbish')).toBe(401);
  expect(seen).toEqual([]);
  expect(elsewhere.asked).toBe(0);
  const said = { policy: 'auth-jwt', what: 'fail_closed' };
  expect(await gateway.metric('gateway_policy_degraded_total', said)).toBeGreaterThan(0);
  expect(JSON.stringify(gateway.lines)).not.toContain(good.slice(0, 24));
  Object.assign(state, { status: 200, body: '', hangs: false });
  if ('down' in fault) await state.start();
  await eventually(async () => (await ask(good)) === 200);
});

it('when no revision has the policy any more, nobody asks the issuer, and a refused one leaves nothing behind', async () => {
  const { jwk, token } = await keyPair('k1');
  const [state, refused, other] = [await issuer(jwk), await issuer(jwk), await issuer(jwk)];
  const { ask, reload } = await guarded({ jwksUri: state.uri, refresh: '500ms' });
  expect(await ask(await token())).toBe(200);
  expect(await reload({ jwksUri: refused.uri }, [{ 'ip-allow': { deny: ['nonsense'] } }])).toBe(false);
  expect(await reload({ jwksUri: state.uri, maxStale: '1ms' })).toBe(false);
  expect(await reload({ jwksUri: undefined, jwks: { keys: [jwk] } })).toBe(true);
  expect(await ask(await token())).toBe(200);
  const asked = [state.asked, refused.asked];
  // Another gateway tells the time: when it has asked four times, these would have asked three times.
  await guarded({ jwksUri: other.uri, refresh: '500ms' });
  await eventually(() => other.asked >= 4);
  expect(state.asked).toBeLessThanOrEqual((asked[0] ?? 0) + 1);
  expect(refused.asked).toBeLessThanOrEqual((asked[1] ?? 0) + 1);
});

it('a second Authorization header is seen by nobody', async () => {
  const { jwk, token } = await keyPair('k1');
  const { gateway, seen } = await guarded({ jwks: { keys: [jwk] } });
  const good = await token();
  const [answer] = await rawExchange(
    gateway.url,
    `GET /things HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${good}\r\nauthorization: Bearer other\r\nconnection: close\r\n\r\n`,
  );
  expect([200, 400, 401]).toContain(answer?.status);
  expect(JSON.stringify(seen)).not.toContain('Bearer other');
});
