import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { type Backend, backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { problemCode, rawClient, rawServer } from '../helpers/raw-http.ts';

const KEY = 'a-key-that-is-long-enough';
const SHA256 = createHash('sha256').update(KEY).digest('hex');

interface House {
  gateway: TestGateway;
  upstream: Backend;
  /** Handshakes and connections that the upstream saw. */
  handshakes: IncomingMessage[];
  sockets: WebSocket[];
}

/** An upstream that sends every message back. */
async function house(options: { policies?: object[]; echo?: boolean } = {}): Promise<House> {
  const upstream = await backend((_request, response) =>
    response.writeHead(403, { 'x-why': 'no' }).end('no'),
  );
  const handshakes: IncomingMessage[] = [];
  const sockets: WebSocket[] = [];
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (protocols) => (protocols.has('chat.v2') ? 'chat.v2' : false),
  });
  upstream.server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/refused')) {
      socket.end('HTTP/1.1 403 Forbidden\r\nx-why: no\r\ncontent-length: 2\r\n\r\nno');
      return;
    }
    handshakes.push(request);
    server.handleUpgrade(request, socket, head, (ws) => {
      sockets.push(ws);
      ws.on('error', () => ws.terminate());
      if (options.echo ?? true) ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
  });
  onTestFinished(() => {
    for (const ws of sockets) ws.terminate();
  });
  const gateway = await testGateway({
    consumers: [{ name: 'anna', keys: [{ id: 'k1', sha256: SHA256 }] }],
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'ws', match: { path: '/*' }, upstream: 'up', policies: options.policies ?? [] }],
  });
  return { gateway, upstream, handshakes, sockets };
}

function client(
  gateway: TestGateway,
  path: string,
  protocols: string[] = [],
  options: ClientOptions = {},
): WebSocket {
  const ws = new WebSocket(gateway.url.replace('http', 'ws') + path, protocols, options);
  onTestFinished(() => ws.terminate());
  return ws;
}

const opened = (ws: WebSocket): Promise<OutgoingHttpHeaders> =>
  new Promise((resolve, reject) => {
    let headers: OutgoingHttpHeaders = {};
    ws.on('upgrade', (response) => {
      headers = response.headers;
    });
    ws.on('open', () => resolve(headers)).on('error', reject);
  });

const nextMessage = (ws: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> =>
  new Promise((resolve) =>
    ws.once('message', (data, isBinary) => resolve({ data: data as Buffer, isBinary })),
  );

const closed = (ws: WebSocket): Promise<number> => new Promise((resolve) => ws.once('close', resolve));

/** The answer to a handshake that was refused. */
const refusal = (
  ws: WebSocket,
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> =>
  new Promise((resolve, reject) => {
    ws.on('open', () => reject(new Error('it was let in')));
    ws.on('error', () => undefined);
    ws.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += String(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
  });

describe('a WebSocket', () => {
  it('carries text, binary and a megabyte; protocol, compression and query are what the ends agreed on', async () => {
    const { gateway, handshakes } = await house();
    const ws = client(gateway, '/a/../chat?room=%41&x', ['chat.v1', 'chat.v2']);
    await opened(ws);
    expect(ws.protocol).toBe('chat.v2');
    expect(ws.extensions).toContain('permessage-deflate');
    expect(handshakes[0]?.url).toBe('/chat?room=%41&x');
    for (const [message, isBinary] of [
      ['hello', false],
      [randomBytes(3), true],
      [randomBytes(1024 * 1024), true],
      ['ä'.repeat(100_000), false],
    ] as const) {
      const answer = nextMessage(ws);
      ws.send(message);
      const { data, isBinary: wasBinary } = await answer;
      expect(wasBinary).toBe(isBinary);
      expect(data.equals(Buffer.from(message as string))).toBe(true);
    }
    ws.close(4001, 'done');
    expect(await closed(ws)).toBe(4001);
    const line = await gateway.accessLine(({ route }) => route === 'ws');
    expect(line).toMatchObject({ status: 101, reason: 'ok', path: '/chat?room=…&…', attempts: 1 });
    expect(line.bytes_in).toBeGreaterThan(1024 * 1024);
    expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  });

  it('passes the policies of its route, and the headers of its handshake those of messages', async () => {
    const { gateway, handshakes } = await house({
      policies: [
        { 'auth-api-key': {} },
        { headers: { request: { set: { 'x-tenant': 'blue' } }, response: { set: { 'x-served-by': 'us' } } } },
        { query: { remove: ['token'], set: { tier: '1' } } },
        { 'body-schema': { responses: { default: { type: 'object' } } } },
        { 'transform-body': { response: { remove: ['/secret'] } } },
        { 'response-cache': { ttl: '1m' } },
      ],
    });
    const ws = client(gateway, '/?token=t&a', [], {
      headers: { 'x-api-key': KEY, 'x-tenant': 'red', 'x-forwarded-for': '1.2.3.4' },
    });
    const headers = await opened(ws);
    expect(headers['x-served-by']).toBe('us');
    expect(headers['x-request-id']).toBeTruthy();
    expect(handshakes[0]?.headers).toMatchObject({
      'x-tenant': 'blue',
      'x-consumer-name': 'anna',
      'x-forwarded-for': '127.0.0.1',
      'x-request-id': headers['x-request-id'],
    });
    expect(handshakes[0]?.headers).not.toHaveProperty('x-api-key');
    expect(handshakes[0]?.url).toBe('/?a&tier=1');
    ws.close();
    await gateway.accessLine(({ consumer, status }) => consumer === 'anna' && status === 101);
  });

  it('is refused without a key: an error to read, and the connection is closed', async () => {
    const { gateway, handshakes } = await house({ policies: [{ 'auth-api-key': {} }] });
    const refused = await refusal(client(gateway, '/'));
    expect(refused.status).toBe(401);
    expect(problemCode(refused)).toBe('auth_key_missing');
    const raw = await rawClient(gateway.url);
    raw.send(HANDSHAKE('/'));
    raw.send('GET /smuggled HTTP/1.1\r\nhost: a\r\nx-api-key: a-key-that-is-long-enough\r\n\r\n');
    const answers = await raw.untilClosed();
    expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual([[401, 'close']]);
    expect(handshakes).toEqual([]);
    await gateway.accessLine(({ reason, status }) => reason === 'auth_key_missing' && status === 401);
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
    expect(await gateway.metric('gateway_requests_total', { reason: 'auth_key_missing' })).toBe(2);
  });

  it('is refused by its upstream: the status is passed on, and no connection stays', async () => {
    const { gateway, upstream } = await house();
    const refused = await refusal(client(gateway, '/refused'));
    expect([refused.status, refused.headers['x-why']]).toEqual([403, 'no']);
    await gateway.accessLine(({ reason, status }) => reason === 'upstream_4xx' && status === 403);
    expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
    await eventually(
      () =>
        new Promise<boolean>((resolve) =>
          upstream.server.getConnections((_error, count) => resolve(count === 0)),
        ),
    );
  });

  it('has no upstream: 502', async () => {
    const { gateway, upstream } = await house();
    await upstream.close();
    const refused = await refusal(client(gateway, '/'));
    expect([refused.status, problemCode(refused)]).toEqual([502, 'upstream_connect']);
    await gateway.accessLine(({ reason }) => reason === 'upstream_connect');
  });

  it('gets no answer to its handshake: 504', async () => {
    const upstream = await rawServer((socket) => void socket.resume());
    const gateway = await testGateway({
      upstreams: { up: { targets: [{ url: upstream.url }], timeouts: { response: '300ms' } } },
      routes: [{ name: 'ws', match: { path: '/*' }, upstream: 'up' }],
    });
    const refused = await refusal(client(gateway, '/'));
    expect([refused.status, problemCode(refused)]).toEqual([504, 'upstream_timeout']);
    await eventually(() => upstream.sockets.size === 0);
  });

  it('loses its upstream: the client is closed, and the record says that nobody said goodbye', async () => {
    const { gateway, sockets } = await house();
    const ws = client(gateway, '/');
    await opened(ws);
    sockets[0]?.terminate();
    expect(await closed(ws)).toBe(1006);
    await gateway.accessLine(({ reason, status }) => reason === 'upstream_truncated' && status === 101);
    expect(await gateway.metric('gateway_requests_total', { reason: 'upstream_truncated' })).toBe(1);
  });

  it('is closed by its upstream in order: code and reason arrive', async () => {
    const { gateway, sockets } = await house();
    const ws = client(gateway, '/');
    await opened(ws);
    sockets[0]?.close(1001, 'going away');
    expect(await closed(ws)).toBe(1001);
    await gateway.accessLine(({ reason, status }) => reason === 'ok' && status === 101);
  });

  it('loses its client: the upstream is closed', async () => {
    const { gateway, sockets } = await house();
    const ws = client(gateway, '/');
    await opened(ws);
    const upstreamClosed = closed(sockets[0] as WebSocket);
    ws.terminate();
    expect(await upstreamClosed).toBe(1006);
    await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  });

  it('is left before its upstream has answered: the upstream is told', async () => {
    const upstream = await rawServer((socket) => void socket.resume());
    const gateway = await testGateway({
      // 0s: as long as it takes.
      upstreams: { up: { targets: [{ url: upstream.url }], timeouts: { response: '0s' } } },
      routes: [{ name: 'ws', match: { path: '/*' }, upstream: 'up' }],
    });
    const raw = await rawClient(gateway.url);
    raw.send(HANDSHAKE('/'));
    await eventually(() => upstream.sockets.size === 1);
    raw.socket.destroy();
    await eventually(() => upstream.sockets.size === 0);
    await gateway.accessLine(({ reason, status }) => reason === 'client_cancelled' && status === 499);
    expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  });

  it('loses nothing that the client sends right behind its handshake', async () => {
    const { gateway } = await house();
    const raw = await rawClient(gateway.url);
    // A masked text frame "hi", with a mask of zeros.
    raw.send(HANDSHAKE('/'));
    raw.send(Buffer.from('8182000000006869', 'hex'));
    const together = await rawClient(gateway.url);
    together.send(Buffer.concat([Buffer.from(HANDSHAKE('/')), Buffer.from('8182000000006869', 'hex')]));
    for (const one of [raw, together])
      expect(await one.until('\x81\x02hi')).toContain('101 Switching Protocols');
  });

  it('stops its writer when its reader is slow, and loses nothing', async () => {
    const { gateway, sockets } = await house({ echo: false });
    const ws = client(gateway, '/', [], { perMessageDeflate: false });
    await opened(ws);
    const upstream = sockets[0] as WebSocket;
    ws.pause();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const before = process.memoryUsage().external;
    for (let i = 0; i < 100; i++) upstream.send(piece, { compress: false });
    let still = 0;
    let last = -1;
    await eventually(() => {
      still = upstream.bufferedAmount === last ? still + 1 : 0;
      last = upstream.bufferedAmount;
      return still > 30;
    });
    expect(last, 'most of it waits at the upstream').toBeGreaterThan(60 * 1024 * 1024);
    expect(process.memoryUsage().external - before).toBeLessThan(150 * 1024 * 1024);
    let received = 0;
    ws.on('message', (data: Buffer) => {
      received += data.length;
    });
    ws.resume();
    await eventually(() => received === 100 * piece.length, 20_000);
  });
});

it.runIf(process.platform === 'linux').each([{}, { http2: true }])(
  'the kernel asks after a client that says nothing, and would end the connection of one that has vanished: %j',
  async (server) => {
    const gateway = await testGateway({ server });
    const client = await rawClient(gateway.url);
    const hex = (port: number | undefined): string =>
      `:${(port ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    const ends = new RegExp(`${hex(client.socket.remotePort)} [0-9A-F]+${hex(client.socket.localPort)} `);
    // "tr", the timer that runs (Documentation/networking/proc_net_tcp.rst): 2 is the one of keepalive.
    await eventually(async () => {
      const own = (await readFile('/proc/net/tcp', 'utf8')).split('\n').find((line) => ends.test(line));
      return own !== undefined && / 02:[0-9A-F]{8} /.test(own);
    });
  },
);

it('a GET that looks like a handshake passes the policies around the call as every other', async () => {
  const upstream = await backend((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: request.url, secret: 'x' }));
  });
  const route = (path: string, ...policies: object[]) => ({
    name: path.slice(1),
    match: { path },
    upstream: 'up',
    policies,
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [
      route(
        '/changed',
        { query: { remove: ['debug'] } },
        { 'transform-body': { response: { remove: ['/secret'] } } },
      ),
      route('/checked', { 'body-schema': { response: { required: ['id'] } } }),
      route('/kept', { 'response-cache': { ttl: '1m' } }),
    ],
  });
  const changed = await refusal(client(gateway, '/changed?debug=1&a=1'));
  expect([changed.status, JSON.parse(changed.body)]).toEqual([200, { url: '/changed?a=1' }]);
  const checked = await refusal(client(gateway, '/checked'));
  expect([checked.status, problemCode(checked)]).toEqual([502, 'schema_response']);
  await (await fetch(`${gateway.url}/kept`)).text();
  const asked = await refusal(client(gateway, '/kept'));
  expect([asked.status, asked.headers.age], 'a handshake is not answered from the cache').toEqual([
    200,
    undefined,
  ]);
});

const HANDSHAKE = (path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    'host: a',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n');

it.each(['h2c', 'TLS/1.0', 'foo'])('`Upgrade: %s` is an ordinary request', async (protocol) => {
  const upstream = await backend((request, response) => response.end(`upgrade: ${request.headers.upgrade}`));
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const raw = await rawClient(gateway.url);
  raw.send(`GET / HTTP/1.1\r\nhost: a\r\nconnection: close, Upgrade\r\nupgrade: ${protocol}\r\n\r\n`);
  const [answer] = await raw.untilClosed();
  expect(answer?.status).toBe(200);
  expect(answer?.body).toContain('upgrade: undefined');

  // Java's client asks so on each connection, and keeps it; what comes right behind would be lost with it.
  const asking = `GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n\r\n`;
  const kept = await rawClient(gateway.url);
  kept.send(asking);
  await kept.until('upgrade: undefined');
  kept.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  expect((await kept.untilClosed()).map(({ status }) => status)).toEqual([200, 200]);
  for (const noBody of ['', 'content-length: 0\r\n', 'content-length: 00\r\n']) {
    const pipelining = await rawClient(gateway.url);
    pipelining.send(`${asking.replace('host', `${noBody}host`)}GET / HTTP/1.1\r\nhost: a\r\n\r\n`);
    const answers = await pipelining.untilClosed();
    expect([noBody, ...answers.map(({ headers }) => headers.connection)]).toEqual([noBody, 'close']);
  }
});

it('a WebSocket outlives its drain time by nothing', async () => {
  const { gateway, sockets } = await house();
  const ws = client(gateway, '/');
  await opened(ws);
  const configured = gateway.loaded.config.server.timeouts;
  configured.drain = 200;
  const gone = Promise.all([closed(ws), closed(sockets[0] as WebSocket)]);
  expect(await gateway.close()).toBe(1);
  expect(await gone).toEqual([1006, 1006]);
});
