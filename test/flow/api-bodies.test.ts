import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient } from '../helpers/raw-http.ts';

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** An upstream that sends back what it gets, and counts what it got. */
async function echo(
  server: object = {},
): Promise<{ gateway: TestGateway; got: { bytes: number; broken: number } }> {
  const got = { bytes: 0, broken: 0 };
  const upstream = await backend((incoming, response) => {
    incoming.on('data', (chunk: Buffer) => {
      got.bytes += chunk.length;
    });
    incoming.on('error', () => {
      got.broken++;
    });
    incoming.pipe(response);
  });
  const gateway = await testGateway({
    server,
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  return { gateway, got };
}

/** One that answers when it has all. */
async function sink(): Promise<{ gateway: TestGateway; got: { broken: number } }> {
  const got = { broken: 0 };
  const upstream = await backend((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('error', () => {
      got.broken++;
    });
    incoming.on('end', () => response.end(Buffer.concat(pieces)));
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  return { gateway, got };
}

const MB = 1024 * 1024;

it.each([
  1024,
  20 * MB,
])('%i bytes go there and back as they are, with their length and chunked', async (size) => {
  const { gateway } = await echo({ limits: { body: '32mb' } });
  const body = randomBytes(size);
  const declared = await call(gateway.url, '/', {
    method: 'POST',
    body,
    headers: { 'content-length': size },
  });
  expect([declared.status, sha(declared.body)]).toEqual([200, sha(body)]);
  const chunked = await call(gateway.url, '/', {
    method: 'PUT',
    body,
    headers: { 'transfer-encoding': 'chunked' },
  });
  expect([chunked.status, sha(chunked.body)]).toEqual([200, sha(body)]);
  const line = await gateway.accessLine(({ method }) => method === 'POST');
  expect(line.bytes_in).toBeGreaterThan(size);
  expect(line.bytes_out).toBeGreaterThan(size);
});

it.each([
  [200, ['application/json', ' a/b ', 'a/b;', 'a/b ; c=d', 'A/B;;c', "x!#$%&'*+.^`|~-/y", 'a/b; x=/,']],
  [
    415,
    [
      'json',
      '/',
      'a/',
      '/b',
      'a/b/c',
      'a b/c',
      'a /b',
      'a/b c',
      'a/b, c/d',
      'a;/b',
      'undefined',
      '\xe9/a',
      '',
    ],
  ],
])('what calls itself a media type is one, or a body is refused: %i', async (status, types) => {
  const { gateway } = await echo();
  for (const type of types) {
    const answer = await call(gateway.url, '/', {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': type },
    });
    expect([type, answer.status]).toEqual([type, status]);
    if (status === 415) expect(problemCode(answer)).toBe('media_type_unsupported');
    // Of a request that has none by its method it is nobody's business.
    expect((await call(gateway.url, '/', { headers: { 'content-type': type } })).status).toBe(200);
  }
});

it('a body that says it is too large is refused before it is read', async () => {
  const { gateway, got } = await echo({ limits: { body: '1mb' } });
  const client = await rawClient(gateway.url);
  client.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${MB + 1}\r\n\r\nbegun`);
  const [answer, ...more] = await client.untilClosed();
  expect([answer?.status, answer && problemCode(answer)]).toEqual([413, 'body_too_large']);
  expect(answer?.headers.connection).toBe('close');
  expect([more, got.bytes]).toEqual([[], 0]);
  await gateway.accessLine(({ reason, status }) => reason === 'body_too_large' && status === 413);
  expect(await gateway.metric('gateway_requests_total', { route: 'all', reason: 'body_too_large' })).toBe(1);
});

it.each([
  'declared',
  'chunked',
])('11 MB over a limit of 10, %s: the client gets its 413 though it is still sending', async (how) => {
  const { gateway, got } = await sink();
  const body = Buffer.alloc(11 * MB, 'x');
  const headers = how === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length };
  for (let i = 0; i < 5; i++) {
    const answer = await call(gateway.url, '/', { method: 'POST', body, headers });
    expect([answer.status, problemCode(answer)]).toEqual([413, 'body_too_large']);
    expect(answer.headers.connection).toBe('close');
  }
  await eventually(
    async () => (await gateway.metric('gateway_requests_total', { reason: 'body_too_large' })) === 5,
  );
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
  expect(got.broken, 'no upstream took it for a whole one').toBe(how === 'chunked' ? 5 : 0);
  expect((await call(gateway.url, '/', { method: 'POST', body: 'small' })).body.toString()).toBe('small');
});

it('a body that grows too large when the answer has begun breaks the answer', async () => {
  const { gateway } = await echo({ limits: { body: '64kb' } });
  const client = await rawClient(gateway.url);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
  await client.until('hello');
  client.send(`${(65 * 1024).toString(16)}\r\n${'x'.repeat(65 * 1024)}\r\n`);
  const [answer] = await client.untilClosed();
  expect(answer?.status).toBe(200);
  expect(client.text).not.toMatch(/\r\n0\r\n/);
  await gateway.accessLine(({ reason, status }) => reason === 'body_too_large' && status === 200);
});

it('a body that is exactly as long as it may be passes', async () => {
  const { gateway } = await echo({ limits: { body: '64kb' } });
  const body = Buffer.alloc(64 * 1024, 'x');
  for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
    expect((await call(gateway.url, '/', { method: 'POST', body, headers })).status).toBe(200);
  }
});

it('an upstream that refuses without reading the body: the client gets the answer', async () => {
  const upstream = await backend((_request, response) => {
    response.writeHead(401, { 'content-type': 'text/plain' }).end('no');
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  for (let i = 0; i < 5; i++) {
    const answer = await call(gateway.url, '/', { method: 'POST', body: Buffer.alloc(5 * MB) });
    expect([answer.status, answer.body.toString()]).toEqual([401, 'no']);
  }
  await eventually(
    async () => (await gateway.metric('gateway_requests_total', { reason: 'upstream_4xx' })) === 5,
  );
});

it('timeouts.response counts from the whole request sent, and counts', async () => {
  const upstream = await backend((incoming, response) => {
    incoming.resume().on('end', () => incoming.url === '/answered' && response.end('late'));
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }], timeouts: { response: '500ms' } } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const slowly = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(gateway.url);
      const sent = request({
        hostname,
        port,
        path,
        method: 'POST',
        agent: false,
        headers: { 'content-length': 16 },
      });
      sent.on('response', (response) => resolve(response.resume())).on('error', reject);
      let parts = 0;
      const timer = setInterval(() => {
        sent.write('x');
        if (++parts === 16) {
          clearInterval(timer);
          sent.end();
        }
      }, 100);
    });
  const [answered, silent] = await Promise.all([slowly('/answered'), slowly('/silent')]);
  expect(answered.statusCode).toBe(200);
  expect(silent.statusCode).toBe(504);
  await gateway.accessLine(({ reason, path }) => reason === 'upstream_timeout' && path === '/silent');
});

it('an upstream of HTTP/2 that takes no more of a body has that time for its answer, and a client may take its own', async () => {
  const upstream = createHttp2();
  upstream.on('stream', (stream, { ':path': path }) => {
    stream.on('error', () => undefined);
    // `/stuck` is never read: its window is full after 64 kB.
    if (path === '/slow')
      stream.resume().on('end', () => stream.respond({ ':status': 200 }, { endStream: true }));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void upstream.close());
  const { port } = upstream.address() as AddressInfo;
  const up = {
    targets: [{ url: `http://127.0.0.1:${port}` }],
    protocol: 'http2',
    timeouts: { response: '500ms' },
  };
  const gateway = await testGateway({
    upstreams: { up },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const slow = await rawClient(gateway.url);
  slow.send('POST /slow HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n');
  const stuck = await call(gateway.url, '/stuck', { method: 'POST', body: Buffer.alloc(300_000) });
  expect(stuck.status).toBe(504);
  // Longer than the upstream would have had.
  const other = await call(gateway.url, '/stuck', { method: 'POST', body: 'x' });
  expect(other.status).toBe(504);
  slow.send('1\r\nx\r\n0\r\n\r\n');
  await slow.until('HTTP/1.1 200');
});
