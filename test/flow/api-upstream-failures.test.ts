import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient, rawServer } from '../helpers/raw-http.ts';

/** A route to what fails, and one to what works. */
async function house(url: string, timeouts: object = {}): Promise<TestGateway> {
  const healthy = await backend((_request, response) => response.end('ok'));
  return testGateway({
    upstreams: {
      broken: { targets: [{ url }], timeouts },
      healthy: { targets: [{ url: healthy.url }] },
    },
    routes: [
      { name: 'broken', match: { path: '/broken' }, upstream: 'broken' },
      { name: 'healthy', match: { path: '/healthy' }, upstream: 'healthy' },
    ],
  });
}

async function staysHealthy(gateway: TestGateway, reason: string, outcome = reason): Promise<void> {
  await gateway.accessLine((line) => line.reason === reason && line.route === 'broken');
  expect(await gateway.metric('gateway_requests_total', { route: 'broken', reason })).toBe(1);
  expect(await gateway.metric('gateway_upstream_requests_total', { upstream: 'broken', outcome })).toBe(1);
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  expect((await call(gateway.url, '/healthy')).body.toString()).toBe('ok');
}

async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const answering = (text: string) =>
  rawServer((socket) => {
    socket.once('data', () => socket.write(Buffer.from(text, 'latin1')));
  });

describe('before the answer has begun, the client gets an error it can read', () => {
  it('nobody listens: 502 upstream_connect', async () => {
    const gateway = await house(await closedPort());
    const answer = await call(gateway.url, '/broken');
    expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_connect']);
    await staysHealthy(gateway, 'upstream_connect');
  });

  it('the connection does not come about in time: 502 upstream_connect', async () => {
    // TEST-NET-1 (RFC 5737): nobody is there. Where the network says so at once, it is the same answer.
    const gateway = await house('http://192.0.2.1:81', { connect: '300ms' });
    const started = Date.now();
    const answer = await call(gateway.url, '/broken');
    expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_connect']);
    expect(Date.now() - started).toBeLessThan(5000);
    await staysHealthy(gateway, 'upstream_connect');
  });

  it('it is not TLS: 502', async () => {
    const upstream = await answering('HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n');
    const gateway = await house(upstream.url.replace('http:', 'https:'));
    expect((await call(gateway.url, '/broken')).status).toBe(502);
    await staysHealthy(gateway, 'upstream_connect');
  });

  it('it closes before it answers: 502 upstream_reset', async () => {
    const upstream = await rawServer((socket) => void socket.once('data', () => socket.end()));
    const gateway = await house(upstream.url);
    const answer = await call(gateway.url, '/broken', { method: 'POST', body: 'x' });
    expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_reset']);
    await staysHealthy(gateway, 'upstream_reset');
  });

  it('it resets before it answers: 502 upstream_reset', async () => {
    const upstream = await rawServer((socket) => void socket.once('data', () => socket.resetAndDestroy()));
    const gateway = await house(upstream.url);
    const answer = await call(gateway.url, '/broken');
    expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_reset']);
    await staysHealthy(gateway, 'upstream_reset');
  });

  it('it closes in the middle of the head: 502 upstream_reset', async () => {
    const upstream = await rawServer(
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nx: y')),
    );
    const gateway = await house(upstream.url);
    const answer = await call(gateway.url, '/broken');
    expect([answer.status, problemCode(answer)]).toEqual([502, 'upstream_reset']);
    await staysHealthy(gateway, 'upstream_reset');
  });

  it('it does not answer in time: 504 upstream_timeout', async () => {
    const upstream = await rawServer((socket) => void socket.resume());
    const gateway = await house(upstream.url, { response: '300ms' });
    const answer = await call(gateway.url, '/broken');
    expect([answer.status, problemCode(answer)]).toEqual([504, 'upstream_timeout']);
    await staysHealthy(gateway, 'upstream_timeout');
    await eventually(() => upstream.sockets.size === 0);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['no status', 'HTTP/1.1 ok\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 So\r\ncontent-length: 0\r\n\r\n'],
    ['a status above 599', 'HTTP/1.1 999 So\r\ncontent-length: 2\r\n\r\nok'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\ncontent-length: 0\r\n\r\n'],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nx: a\x01b\r\ncontent-length: 0\r\n\r\n'],
    ['two different lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok'],
    [
      'length and chunked',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['100 kB of headers', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
  ])('it sends %s: 502', async (_name, text) => {
    const upstream = await answering(text);
    const gateway = await house(upstream.url);
    const answer = await call(gateway.url, '/broken');
    const code = 'upstream_invalid';
    expect([answer.status, problemCode(answer)]).toEqual([502, code]);
    await staysHealthy(gateway, code);
    await eventually(() => upstream.sockets.size === 0);
  });
});

describe('in the middle of the answer, the client sees that it is broken', () => {
  const LENGTH = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf';
  const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n';

  it.each([
    ['half of what it promised', LENGTH, 'end'],
    ['half of what it promised, and a reset', LENGTH, 'reset'],
    ['chunks without the last one', CHUNKED, 'end'],
    ['chunks and a reset', CHUNKED, 'reset'],
    ['half a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf', 'end'],
    ['chunks and nonsense', `${CHUNKED}zz\r\n`, 'end'],
    ['an answer without an end, and a reset', 'HTTP/1.0 200 OK\r\n\r\nhalf', 'reset'],
  ])('it sends %s: upstream_truncated', async (_name, text, ending) => {
    const upstream = await rawServer((socket) => {
      socket.once('data', () => socket.write(text));
      socket.on('data', () => undefined);
    });
    const gateway = await house(upstream.url);
    const client = await rawClient(gateway.url);
    client.send('GET /broken HTTP/1.1\r\nhost: a\r\n\r\n');
    if (!text.endsWith('zz\r\n')) await client.until('half');
    for (const socket of upstream.sockets) {
      if (ending === 'end') socket.end();
      else socket.resetAndDestroy();
    }
    await client.untilClosed();
    expect(client.text.startsWith('HTTP/1.1 200')).toBe(true);
    if (/content-length/i.test(client.text)) expect(client.text.split('\r\n\r\n')[1]).toBe('half');
    else expect(client.text, 'no clean end').not.toMatch(/\r\n0\r\n/);
    await staysHealthy(gateway, 'upstream_truncated');
    expect(gateway.lines.find(({ route }) => route === 'broken')).toMatchObject({ status: 200 });
  });

  it('Node’s own client raises an error, not a short answer', async () => {
    const upstream = await rawServer((socket) => void socket.once('data', () => socket.end(LENGTH)));
    const gateway = await house(upstream.url);
    await expect(call(gateway.url, '/broken')).rejects.toThrow();
  });

  it('it falls silent for longer than timeouts.idle: upstream_stalled', async () => {
    const upstream = await answering(CHUNKED);
    const gateway = await house(upstream.url, { idle: '300ms' });
    const client = await rawClient(gateway.url);
    client.send('GET /broken HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.untilClosed();
    expect(client.text).toContain('half');
    expect(client.text).not.toMatch(/\r\n0\r\n/);
    await staysHealthy(gateway, 'upstream_stalled');
    await eventually(() => upstream.sockets.size === 0);
  });

  it('it sends more than it promised: the rest goes nowhere', async () => {
    const upstream = await answering(
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil',
    );
    const gateway = await house(upstream.url);
    expect((await call(gateway.url, '/broken')).body.toString()).toBe('ok');
    await eventually(() => upstream.sockets.size === 0);
    expect((await call(gateway.url, '/healthy')).body.toString()).toBe('ok');
  });
});
