import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { authority, LOOPBACK } from '../helpers/certificates.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient, rawServer } from '../helpers/raw-http.ts';

/** Later than undici's first tick of 499 ms, which it would take for two where they begin just before one. */
const ANSWERED_AFTER_MS = 560;
const TIME_MS = 990;
const TIME = `${TIME_MS}ms`;
/** A timer may fire a little early. */
const EARLY_MS = 2;
const MOST = 30;
/** All together begin at each part of a tick. */
const APART_MS = 17;

/** A gateway in which undici's timers tick: a request to another upstream is under way. */
async function ticking(up: object) {
  const other = await backend(() => undefined);
  const gateway = await testGateway({
    upstreams: { up, other: { targets: [{ url: other.url }] } },
    routes: [
      { name: 'up', match: { path: '/*' }, upstream: 'up' },
      { name: 'other', match: { path: '/other' }, upstream: 'other' },
    ],
  });
  (await rawClient(gateway.url)).send('GET /other HTTP/1.1\r\nhost: a\r\n\r\n');
  return gateway;
}

/**
 * What comes of many, but of those that were given up when their time was over: a machine that stands still for so long
 * answers nobody in time.
 */
async function endsOf<T>(ask: () => Promise<T>, isAnswered: (end: T) => boolean): Promise<T[]> {
  const asked = Array.from({ length: MOST }, async (_, i) => {
    await pause(i * APART_MS);
    const began = performance.now();
    const end = await ask();
    const isInTime = performance.now() - began < TIME_MS - EARLY_MS;
    return isAnswered(end) || isInTime ? [end] : [];
  });
  return [...new Set((await Promise.all(asked)).flat())];
}

const statuses = (url: string, method: string, headers = {}, body?: string): Promise<number[]> =>
  endsOf(
    async () => (await call(url, '/', { method, headers, ...(body === undefined ? {} : { body }) })).status,
    (status) => status === 200,
  );

it.each([
  ['a request without a body', 'GET', {}, undefined],
  ['a small body', 'POST', {}, 'order'],
  ['a streamed body', 'POST', { 'transfer-encoding': 'chunked' }, 'order'],
])('timeouts.response is over for no answer that comes in time: %s', async (_what, method, headers, body) => {
  const slow = await backend((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end(), ANSWERED_AFTER_MS));
  });
  const gateway = await ticking({ targets: [{ url: slow.url }], timeouts: { response: TIME } });
  expect(await statuses(gateway.url, method, headers, body)).toEqual([200]);
});

it('timeouts.idle is over for no answer that goes on in time', async () => {
  const slow = await backend((_request, response) => {
    response.write('begun');
    setTimeout(() => response.end('done'), ANSWERED_AFTER_MS);
  });
  const gateway = await ticking({ targets: [{ url: slow.url }], timeouts: { idle: TIME } });
  const bodies = await endsOf(
    async () => (await call(gateway.url, '/').catch(() => undefined))?.body.toString(),
    (body) => body === 'begundone',
  );
  expect(bodies).toEqual(['begundone']);
});

it('timeouts.connect is over for no connection that comes about in time, and for one that does not', async () => {
  const ca = await authority();
  const secure = createHttps(await ca.issue({ names: [...LOOPBACK] }), (_request, response) =>
    response.end(),
  );
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void secure.close());
  const { port } = secure.address() as AddressInfo;
  let isSilent = false;
  const late = await rawServer((socket) => {
    if (isSilent) return;
    setTimeout(() => {
      const on = connect(port, '127.0.0.1').on('error', () => socket.destroy());
      socket.pipe(on).pipe(socket);
      socket.on('close', () => on.destroy());
    }, ANSWERED_AFTER_MS);
  });
  const gateway = await ticking({
    targets: [{ url: late.url.replace('http', 'https') }],
    tls: { verify: false },
    timeouts: { connect: TIME },
  });
  expect(await statuses(gateway.url, 'GET')).toEqual([200]);
  isSilent = true;
  for (const socket of late.sockets) socket.destroy();
  const answer = await call(gateway.url, '/');
  expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_connect']);
});
