import type { ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { PlainRequests } from '../../src/server/plain-requests.ts';
import { type Backend, backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

interface House {
  gateway: TestGateway;
  upstream: Backend;
  /** Requests that wait for an answer: the newest last. */
  waiting: ServerResponse[];
  /** When the upstream saw each of them end without one. */
  left: number[];
}

async function house(onRequest: (response: ServerResponse) => void): Promise<House> {
  const waiting: ServerResponse[] = [];
  const left: number[] = [];
  const upstream = await backend((request, response) => {
    request.resume();
    waiting.push(response);
    response.on('close', () => response.writableFinished || left.push(performance.now()));
    onRequest(response);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  return { gateway, upstream, waiting, left };
}

const connections = (upstream: Backend): Promise<number> =>
  new Promise((resolve, reject) =>
    upstream.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

/** Some ten, and many more on a busy machine; by itself a request ends after a minute (`timeouts.response`). */
const SOON_MS = 5000;

it('before the first byte: the upstream is told at once, and the record says 499', async () => {
  const { gateway, upstream, waiting, left } = await house(() => undefined);
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await eventually(() => waiting.length === 1);
  const started = performance.now();
  client.socket.destroy();
  await eventually(() => left.length === 1);
  expect((left[0] as number) - started).toBeLessThan(SOON_MS);
  const line = await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  expect(line).toMatchObject({ status: 499, route: 'all', attempts: 1 });
  expect(
    await gateway.metric('gateway_requests_total', { reason: 'client_cancelled', status_class: '4xx' }),
  ).toBe(1);
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  await eventually(async () => (await connections(upstream)) === 0);
});

/** An upstream and a shadow of it, who say what they were asked. */
async function mirrored() {
  const seen: string[] = [];
  const [upstream, shadow] = await Promise.all(
    ['upstream', 'shadow'].map((name) =>
      backend((request, response) => {
        seen.push(`${name} ${request.url}`);
        response.end();
      }),
    ),
  );
  const config = (policies: object[]) => ({
    upstreams: { up: { targets: [{ url: upstream?.url }] }, shadow: { targets: [{ url: shadow?.url }] } },
    routes: [
      {
        name: 'all',
        match: { path: '/*' },
        upstream: 'up',
        mirror: { upstream: 'shadow', share: '100%' },
        policies,
      },
    ],
  });
  const both = (path: string) => eventually(() => seen.includes(`shadow ${path}`) && seen.toSorted());
  return { config, both };
}

it('while a policy makes up its mind: nobody is asked for who has left', async () => {
  const verdict = Promise.withResolvers<undefined>();
  let asked = 0;
  const policy: PolicyDescriptor<unknown> = {
    name: 'ponders',
    slot: 'limit',
    schema: { type: 'object' },
    create: () => ({
      onRequest: () => {
        asked++;
        return verdict.promise;
      },
    }),
  };
  const { config, both } = await mirrored();
  const gateway = await testGateway(config([{ ponders: {} }]), { policies: [policy] });
  const client = await rawClient(gateway.url);
  client.send('GET /left HTTP/1.1\r\nhost: a\r\n\r\n');
  await eventually(() => asked === 1);
  client.socket.destroy();
  await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  verdict.resolve(undefined);

  expect((await fetch(`${gateway.url}/stays`)).status).toBe(200);
  expect(await both('/stays')).toEqual(['shadow /stays', 'upstream /stays']);
});

it('while a policy that ships waits for keys: likewise, without Fastify', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const token = await new SignJWT({
    iss: 'https://id',
    aud: 'shop',
    sub: 'alice',
    exp: Math.floor(Date.now() / 1000) + 300,
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(privateKey);
  const asked = Promise.withResolvers<ServerResponse>();
  const issuer = await backend((_request, response) => asked.resolve(response));
  const serve = vi.spyOn(PlainRequests.prototype, 'serve');
  onTestFinished(() => serve.mockRestore());
  const { config, both } = await mirrored();
  const jwt = { issuer: 'https://id', audience: 'shop', jwksUri: `${issuer.url}/jwks.json` };
  const gateway = await testGateway(config([{ 'auth-jwt': jwt }]));
  const client = await rawClient(gateway.url);
  client.send(`GET /left HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n\r\n`);
  const keys = await asked.promise;
  client.socket.destroy();
  await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  keys.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));

  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${gateway.url}/stays`, { headers })).status).toBe(200);
  expect(await both('/stays')).toEqual(['shadow /stays', 'upstream /stays']);
  expect(serve.mock.results.map(({ value }) => value)).toEqual([true, true]);
});

it('after the first byte: the same, with the status that was sent', async () => {
  const { gateway, upstream, left } = await house((response) => void response.write('begun'));
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('begun');
  const started = performance.now();
  client.socket.destroy();
  await eventually(() => left.length === 1);
  expect((left[0] as number) - started).toBeLessThan(SOON_MS);
  await gateway.accessLine(({ reason, status }) => reason === 'client_cancelled' && status === 200);
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  await eventually(async () => (await connections(upstream)) === 0);
});

it.each([
  'content-length: 1000',
  'transfer-encoding: chunked',
])('in the middle of its upload (%s): the upstream never takes it for whole', async (framing) => {
  let whole = 0;
  let broken = 0;
  const upstream = await backend((request) => {
    request.on('end', () => whole++).on('error', () => broken++);
    request.resume();
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  for (const ending of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const client = await rawClient(gateway.url);
    client.send(`POST / HTTP/1.1\r\nhost: a\r\n${framing}\r\n\r\n3\r\nabc\r\n`);
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
    client.socket[ending]();
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  }
  await eventually(async () => (await connections(upstream)) === 0);
  expect(whole).toBe(0);
  const lines = gateway.lines.filter(({ route }) => route === 'all');
  expect(lines.map(({ reason, status }) => `${reason} ${status}`)).toEqual(
    Array(3).fill('client_cancelled 499'),
  );
  expect(broken).toBeLessThanOrEqual(3);
});

it('200 times, before and after the first byte, leaves nothing behind', async () => {
  let count = 0;
  const { gateway, upstream, waiting, left } = await house((response) => {
    if (count++ % 2 === 0) response.write('begun');
  });
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(gateway.url)));
    for (const client of clients) client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(() => waiting.length === (round + 1) * 20);
    for (const [i, client] of clients.entries()) {
      if (i % 3 === 0) client.socket.resetAndDestroy();
      else client.socket.destroy();
    }
    await eventually(() => left.length === (round + 1) * 20);
  }
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  await eventually(async () => (await connections(upstream)) === 0);
  expect(await gateway.metric('gateway_requests_total', { reason: 'client_cancelled' })).toBe(200);
  expect(await gateway.metric('gateway_requests_total')).toBe(200);
});
