import { createConnection } from 'node:net';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

const UPGRADE = 'GET /w HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
const BROKEN_BODY = 'POST /p HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n';
const get = (target: string, host = 'host: a\r\n'): string => `GET ${target} HTTP/1.1\r\n${host}\r\n`;

async function house(server: object = {}): Promise<{ gateway: TestGateway; seen: string[] }> {
  const seen: string[] = [];
  const upstream = await backend((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.url === '/slow') setTimeout(() => response.end('slow'), 200);
    else response.end('ok');
  });
  const gateway = await testGateway({
    server,
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*', methods: ['GET', 'POST'] }, upstream: 'up' }],
  });
  return { gateway, seen };
}

/** It serves, nothing hangs in it, and no fault was logged. */
async function isHealthy(gateway: TestGateway): Promise<void> {
  expect(await (await fetch(`${gateway.url}/after`)).text()).toBe('ok');
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  expect(gateway.lines.filter(({ level }) => level === 'error')).toEqual([]);
}

it.each([
  ['a slow request', get('/slow')],
  ['a quick one', get('/quick')],
  ['a probe', get('/livez')],
  ['one that no route takes', `DELETE /x HTTP/1.1\r\nhost: a\r\n\r\n`],
  ['one that is refused', get('/x', 'host: a\r\nhost: b\r\n')],
])('an upgrade, or a tunnel, behind %s ends the connection and nothing else', async (_what, first) => {
  const { gateway, seen } = await house();
  for (const second of [UPGRADE, 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n']) {
    const client = await rawClient(gateway.url);
    client.send(first + second);
    const answers = await client.untilClosed();
    expect(answers.length).toBeGreaterThan(0);
    expect(answers[0]?.status).not.toBe(500);
  }
  expect(seen.filter((request) => request.includes('a:1'))).toEqual([]);
  await isHealthy(gateway);
});

it('a broken body behind a request that is not answered yet ends the connection and nothing else', async () => {
  const { gateway } = await house();
  for (const first of [get('/slow'), get('/quick'), get('/livez')]) {
    const client = await rawClient(gateway.url);
    client.send(first + BROKEN_BODY);
    await client.untilClosed();
  }
  await isHealthy(gateway);
});

it.each([
  [true],
  [['10.0.0.0/8']],
])('connections that are reset at once, with trustProxy %j', async (trustProxy) => {
  const { gateway } = await house({ trustProxy });
  const { port, hostname } = new URL(gateway.url);
  await Promise.all(
    Array.from(
      { length: 300 },
      () =>
        new Promise<void>((resolve) => {
          const socket = createConnection({ port: Number(port), host: hostname }, () => {
            socket.write(get('/x'));
            socket.resetAndDestroy();
          });
          socket.on('error', () => undefined).on('close', () => resolve());
        }),
    ),
  );
  await isHealthy(gateway);
});

it('what a trusted proxy says of the client is an address, or the client has none', async () => {
  const { gateway } = await house({ trustProxy: true });
  const says: [string, string][] = [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['garbage', ''],
    ['x'.repeat(5000), ''],
  ];
  for (const [said, client] of says) {
    const response = await fetch(`${gateway.url}/x`, { headers: { 'x-forwarded-for': said } });
    const id = response.headers.get('x-request-id');
    expect((await gateway.accessLine((line) => line.request_id === id)).client).toBe(client);
  }
});

it('what a stranger says about himself in the name of a proxy or of the gateway does not go on', async () => {
  const seen: string[] = [];
  const upstream = await backend((request, response) => {
    seen.push(...Object.keys(request.headers));
    response.end();
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const names = [
    'x-forwarded-prefix',
    'x-forwarded-ssl',
    'x-client-ip',
    'x_consumer_name',
    'x_forwarded_for',
    'proxy_authorization',
    // Another path than the one that was matched, and that the policies saw.
    'x-original-url',
    'x-rewrite-url',
    'x_original_url',
  ];
  await fetch(`${gateway.url}/x`, {
    headers: { ...Object.fromEntries(names.map((name) => [name, 'evil'])), plain_name: 'kept' },
  });
  expect(seen.filter((name) => names.includes(name))).toEqual([]);
  expect(seen).toContain('plain_name');
});

it('a target that is refused leaves no password and no fragment in the log', async () => {
  const { gateway } = await house();
  const client = await rawClient(gateway.url);
  client.send(get('http://user:hunter2@a/x'));
  await client.untilClosed();
  const other = await rawClient(gateway.url);
  other.send(get('/x#hunter2'));
  await other.untilClosed();
  await eventually(() => gateway.lines.filter(({ msg }) => msg === 'request').length === 2);
  expect(JSON.stringify(gateway.lines)).not.toContain('hunter2');
});

it('a handshake that is answered with a stream leaves nothing running upstream, and one with a text passes it on', async () => {
  let open = 0;
  const upstream = await backend((_request, response) => response.end());
  upstream.server.on('upgrade', (request, socket) => {
    open++;
    socket
      .on('close', () => open--)
      .on('error', () => undefined)
      .on('end', () => socket.destroy());
    socket.resume();
    if (request.url === '/text')
      socket.end(
        'HTTP/1.1 426 Upgrade Required\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n\r\nhello',
      );
    else socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n');
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const text = await rawClient(gateway.url);
  text.send(UPGRADE.replace('/w', '/text'));
  const [answer] = await text.untilClosed();
  expect(answer).toMatchObject({ status: 426, body: 'hello' });
  const stream = await rawClient(gateway.url);
  stream.send(UPGRADE);
  expect((await stream.untilClosed())[0]?.status).toBe(200);
  await eventually(() => open === 0);
});
