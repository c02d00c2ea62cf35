import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { problemCode, type RawClient, rawClient } from '../helpers/raw-http.ts';

interface House {
  gateway: TestGateway;
  seen: string[];
  /** Answers that the upstream has not given yet, by target. */
  held: Map<string, ServerResponse>;
  /** Targets whose connection was closed before they were answered. */
  left: string[];
}

/** An upstream that answers at once, but for `/held…`. */
async function house(server: object = {}): Promise<House> {
  const seen: string[] = [];
  const left: string[] = [];
  const held = new Map<string, ServerResponse>();
  const upstream = await backend((request, response) => {
    const target = request.url ?? '';
    seen.push(target);
    response.on('close', () => response.writableFinished || left.push(target));
    request.resume();
    if (target.startsWith('/held')) held.set(target, response);
    else response.end(`answer to ${target}`);
  });
  const gateway = await testGateway({
    server,
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  return { gateway, seen, held, left };
}

const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'host: a', ...headers, '', ''].join('\r\n');

it('requests that come one behind the other are answered in their order', async () => {
  const { gateway, held } = await house();
  const client = await rawClient(gateway.url);
  client.send(get('/held') + get('/2') + get('/3', 'connection: close'));
  (await eventually(() => held.get('/held'))).end('answer to /held');
  const answers = await client.untilClosed();
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers.map(({ body }) => /answer to (\S+)/.exec(body)?.[1])).toEqual(['/held', '/2', '/3']);
  await eventually(async () => (await gateway.metric('gateway_requests_total', { reason: 'ok' })) === 3);
});

it('no more of them run at once than a connection may have', async () => {
  const { gateway, seen, held } = await house({ limits: { streams: 3 } });
  const client = await rawClient(gateway.url);
  client.send(get('/held') + ['/2', '/3', '/4', '/5'].map((target) => get(target)).join(''));
  await eventually(() => seen.length === 3);
  (await eventually(() => held.get('/held'))).end();
  const answers = await client.untilClosed();
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[3] && problemCode(answers[3])).toBe('too_many_pipelined');
  expect(seen.sort()).toEqual(['/2', '/3', '/held']);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
});

it('garbage behind a request does not take the place of its answer', async () => {
  const { gateway, held } = await house();
  const client = await rawClient(gateway.url);
  client.send(`${get('/held')}\0\0\0garbage`);
  (await eventually(() => held.get('/held'))).end('answer to /held');
  const [first, second, ...more] = await client.untilClosed();
  expect(first?.status).toBe(200);
  expect(first?.body).toContain('answer to /held');
  expect(second?.status).toBe(400);
  expect(second && problemCode(second)).toBe('request_malformed');
  expect(more).toEqual([]);
  await gateway.accessLine(({ reason }) => reason === 'request_malformed');
  expect(await gateway.metric('gateway_requests_total', { reason: 'ok' })).toBe(1);
  expect(await gateway.metric('gateway_requests_total', { reason: 'client_cancelled' })).toBe(0);
});

it('nothing behind a refused request is a request', async () => {
  const { gateway, seen } = await house();
  const client = await rawClient(gateway.url);
  client.send(`GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n${get('/smuggled')}`);
  expect((await client.untilClosed()).map(({ status }) => status)).toEqual([400]);
  expect(seen).toEqual([]);
});

it('nothing behind a request with `connection: close` is a request', async () => {
  const { gateway, seen } = await house();
  const client = await rawClient(gateway.url);
  client.send(get('/1', 'connection: close') + get('/smuggled'));
  expect((await client.untilClosed())[0]?.status).toBe(200);
  expect(seen).toEqual(['/1']);
});

it('a client that leaves takes all its requests along, also those whose answers waited', async () => {
  const { gateway, held, left } = await house();
  const client = await rawClient(gateway.url);
  client.send(get('/held/1') + get('/held/2') + get('/held/3'));
  await eventually(() => held.size === 3);
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(3);
  client.socket.destroy();
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  await eventually(() => left.length === 3);
  expect(
    gateway.lines.filter(({ reason, status }) => reason === 'client_cancelled' && status === 499).length,
  ).toBe(3);
});

it('a body that breaks in its middle is answered 400, and the upstream is left alone', async () => {
  const { gateway, held, left } = await house();
  const client = await rawClient(gateway.url);
  client.send('POST /held HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n');
  await eventually(() => held.get('/held'));
  client.send('zz\r\n');
  const [answer, ...more] = await client.untilClosed();
  expect(answer?.status).toBe(400);
  expect(answer && problemCode(answer)).toBe('request_malformed');
  expect(more).toEqual([]);
  await eventually(() => left.includes('/held'));
  await gateway.accessLine(({ reason, status }) => reason === 'request_malformed' && status === 400);
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  expect(gateway.lines.filter(({ msg }) => msg === 'request').length).toBe(1);
});

it('a body that breaks after the answer has begun ends the connection and adds nothing to it', async () => {
  const { gateway, held } = await house();
  const client = await rawClient(gateway.url);
  client.send('POST /held HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n');
  (await eventually(() => held.get('/held'))).write('half an answer');
  await client.until('half an answer');
  client.send('zz\r\n');
  const [answer, ...more] = await client.untilClosed();
  expect(answer?.status).toBe(200);
  expect(answer?.body).not.toContain('request_malformed');
  expect(answer?.body).not.toContain('0\r\n\r\n');
  expect(more).toEqual([]);
  await gateway.accessLine(({ reason, status }) => reason === 'request_malformed' && status === 200);
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
});

it('a body that takes longer than timeouts.request is answered 408', async () => {
  const upstream = await backend((request) => void request.resume());
  const gateway = await testGateway({
    server: { timeouts: { request: '1s', headers: '1s' } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nab');
  const answers = await client.untilClosed();
  expect(answers.map(({ status }) => status)).toEqual([408]);
  const line = await gateway.accessLine(({ reason }) => reason === 'request_timeout');
  expect(line).toMatchObject({ status: 408, route: 'all', method: 'POST' });
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
});

it.each([
  ['leaves', (client: RawClient) => client.socket.destroy()],
  ['resets the connection', (client: RawClient) => client.socket.resetAndDestroy()],
  ['sends garbage and leaves', (client: RawClient) => void client.socket.end('\0\0garbage')],
])('an answer that waits behind another one ends with its connection when the client %s', async (_what, leave) => {
  const { gateway, held } = await house();
  const client = await rawClient(gateway.url);
  client.send(get('/held') + get('/2') + get('/%zz'));
  await eventually(() => held.get('/held'));
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 3);
  leave(client);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  const lines = gateway.lines.filter(({ msg }) => msg === 'request');
  expect(lines.map(({ path, reason }) => [path, reason])).toContainEqual(['/2', 'client_cancelled']);
});

it('requests behind an answer that ends the connection end with it', async () => {
  const { gateway, held } = await house({ http2: true });
  // It is refused before its body is read, so that the connection can't go on.
  const last = 'PROPFIND /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n';
  for (let i = 0; i < 10; i++) {
    const client = await rawClient(gateway.url);
    client.send(last + get('/2') + get(`/held${i}`));
    const [first] = await client.untilClosed();
    expect([first?.status, first?.headers.connection]).toEqual([405, 'close']);
  }
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  for (const response of held.values()) expect(response.writableFinished).toBe(false);
});

it('a connection that drains ends behind its last answer, and a request that comes behind that is left to another', async () => {
  const { gateway, seen, held } = await house();
  const [silent, told] = [await rawClient(gateway.url), await rawClient(gateway.url)];
  silent.send(get('/held/silent'));
  told.send(get('/held/told'));
  const [silentAnswer, toldAnswer] = await eventually(
    () => held.size === 2 && [held.get('/held/silent'), held.get('/held/told')],
  );
  const closing = gateway.close();
  const isClosed = () =>
    rawClient(gateway.url).then(
      () => false,
      () => true,
    );
  await eventually(isClosed);
  toldAnswer?.write('begun');
  await told.until('begun');
  told.send(get('/behind-told'));
  silent.send(get('/behind-silent'));
  await eventually(() => seen.includes('/behind-silent'));
  silentAnswer?.end('answer to /held/silent');
  toldAnswer?.end();
  const answers = [...(await silent.untilClosed()), ...(await told.untilClosed())];
  expect(answers.map(({ headers }) => headers.connection)).toEqual(['keep-alive', 'close', 'close']);
  expect(seen).not.toContain('/behind-told');
  expect(await closing).toBe(0);
});
