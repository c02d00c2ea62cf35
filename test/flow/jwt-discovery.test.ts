import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

async function serve(listener: RequestListener): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

/** An issuer with a discovery document that a test may bend. */
async function issuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const state = { document: {} as Record<string, unknown>, asked: [] as string[] };
  const { url, stop } = await serve((request, response) => {
    state.asked.push(request.url ?? '');
    if (request.url === '/realm/keys') response.end(JSON.stringify({ keys: [jwk] }));
    else if (request.url === '/realm/.well-known/openid-configuration')
      response.end(JSON.stringify(state.document));
    else response.writeHead(404).end();
  });
  const iss = `${url}/realm`;
  state.document = { issuer: iss, jwks_uri: `${iss}/keys` };
  const token = (claims: object = {}): Promise<string> =>
    new SignJWT({ iss, aud: 'shop', sub: 'alice', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(privateKey);
  return { ...state, state, iss, jwk, token, stop };
}

async function guarded(settings: object) {
  const { url } = await backend((_request, response) => response.end('ok'));
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'up',
        policies: [{ 'auth-jwt': { audience: 'shop', discovery: true, ...settings } }],
      },
    ],
  });
  const ask = async (token: string): Promise<number> => {
    const answer = await fetch(`${gateway.url}/things`, { headers: { authorization: `Bearer ${token}` } });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { gateway, ask };
}

it('the issuer is asked where its keys are', async () => {
  const { iss, token, state } = await issuer();
  const { ask } = await guarded({ issuer: iss });
  expect(await ask(await token())).toBe(200);
  expect(state.asked).toEqual(['/realm/.well-known/openid-configuration', '/realm/keys']);
  // A token that says itself that it is of another issuer makes nobody ask.
  expect(await ask(await token({ iss: 'https://evil.example.com' }))).toBe(401);
  expect(state.asked).toHaveLength(2);
});

it.each([
  ['about another issuer', { issuer: 'https://evil.example.com' }],
  ['that names no keys', { jwks_uri: undefined }],
  ['with keys over plain http', { jwks_uri: 'http://keys.example.com/' }],
  ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }],
  ['that is nothing at all', { issuer: null, jwks_uri: null }],
])('a document %s is not believed, and nobody is let in', async (_what, bent) => {
  const { iss, token, state } = await issuer();
  state.document = { ...state.document, ...bent };
  const { ask, gateway } = await guarded({ issuer: iss });
  expect(await ask(await token())).toBe(503);
  expect(state.asked).not.toContain('/realm/keys');
  await gateway.accessLine(({ reason }) => reason === 'auth_unavailable');
});

it('keys on another origin are believed only where the config says so', async () => {
  const { iss, token, state, jwk } = await issuer();
  const elsewhere = await serve((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  state.document.jwks_uri = `${elsewhere.url}/keys`;
  const strict = await guarded({ issuer: iss });
  expect(await strict.ask(await token())).toBe(503);
  await eventually(() =>
    strict.gateway.lines.find(({ err }) =>
      JSON.stringify(err ?? '').includes('add it to auth-jwt.jwksOrigins'),
    ),
  );
  const told = await guarded({ issuer: iss, jwksOrigins: [elsewhere.url] });
  expect(await told.ask(await token())).toBe(200);
});

it('while the issuer is away its last keys serve, and log and metrics say so', async () => {
  const { iss, token, stop } = await issuer();
  const { ask, gateway } = await guarded({ issuer: iss, refresh: '500ms' });
  const stale = (): Promise<number> =>
    gateway.metric('gateway_policy_degraded_total', { policy: 'auth-jwt', what: 'stale' });
  expect(await ask(await token())).toBe(200);
  expect(await stale()).toBe(0);
  await stop();
  await eventually(async () => {
    expect(await ask(await token())).toBe(200);
    return (await stale()) > 0;
  });
  await eventually(() => gateway.lines.find(({ what, policy }) => what === 'stale' && policy === 'auth-jwt'));
});
