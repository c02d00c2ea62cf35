import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { END_HEADERS, END_STREAM, FRAME, fields, frame, GET } from '../helpers/http2-frames.ts';
import { rawClient } from '../helpers/raw-http.ts';
import { rawHttp2 } from '../helpers/raw-http2.ts';

/** Its upstream answers at once, whatever is still to come; below `/checked` a policy does, to what is no JSON. */
async function house(): Promise<TestGateway> {
  const upstream = await backend((_request, response) => response.end('at once'));
  return testGateway({
    server: { http2: true, limits: { body: '1kb' } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [
      { name: 'all', match: { path: '/*' }, upstream: 'up' },
      {
        name: 'checked',
        match: { path: '/checked' },
        upstream: 'up',
        policies: [{ 'body-schema': { request: { type: 'object' } } }],
      },
    ],
  });
}

async function isWell(gateway: TestGateway): Promise<void> {
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  expect(await (await fetch(`${gateway.url}/after`)).text()).toBe('at once');
  expect(await gateway.metric('gateway_requests_total', { status_class: '5xx' })).toBe(0);
}

// An error that nobody hears is an uncaught one: it fails the test run.

const ANSWERED = [
  ['/a', 'at once'],
  ['/checked', 'media_type_unsupported'],
] as const;

it.each([
  ['grows too large', `800\r\n${'x'.repeat(0x800)}\r\n`],
  ['breaks off', ''],
  ['is no longer chunked', 'zz\r\n'],
])('a body that nobody waits for any more %s, and nothing comes of it', async (_what, rest) => {
  const gateway = await house();
  for (const [path, answer] of ANSWERED) {
    const client = await rawClient(gateway.url);
    client.send(`POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n`);
    await client.until(answer);
    if (rest !== '') client.send(rest);
    client.socket.end();
    await eventually(() => client.closed);
  }
  await isWell(gateway);
});

it.each([
  ['grows too large', frame(FRAME.data, 0, 1, Buffer.alloc(2048))],
  ['breaks off', frame(FRAME.reset, 0, 1, Buffer.from([0, 0, 0, 8]))],
])('so it is in HTTP/2 when it %s', async (_what, rest) => {
  const gateway = await house();
  for (const [path, answer] of ANSWERED) {
    for (const waits of [true, false]) {
      const client = await rawHttp2(gateway.url);
      const list: [string, string][] = [[':method', 'POST'], ...GET.slice(1, -1), [':path', path]];
      client.send(frame(FRAME.headers, END_HEADERS, 1, fields(...list)));
      client.send(frame(FRAME.data, 0, 1, Buffer.from('x')));
      if (waits) await client.until(answer);
      client.send(rest);
      client.socket.end();
      await eventually(() => client.closed);
    }
  }
  await isWell(gateway);
});

it.each([
  ['an upstream answers before', '/a', 200],
  ['an upstream of HTTP/2 answers before', '/h2', 200],
  ['a policy watches', '/watched', 200],
  ['the config answers for a dead upstream instead of', '/dead', 418],
])('%s a body that has come whole, and the next request on the connection is answered', async (_what, path, status) => {
  const upstream = await backend((_request, response) => response.end('at once'));
  const h2 = createServer();
  h2.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('at once');
  });
  await new Promise<void>((resolve) => h2.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void h2.close());
  const up = { targets: [{ url: upstream.url }] };
  const gateway = await testGateway({
    upstreams: {
      up,
      h2: { targets: [{ url: `http://127.0.0.1:${(h2.address() as AddressInfo).port}` }], protocol: 'http2' },
      dead: { targets: [{ url: 'http://127.0.0.1:1' }] },
    },
    routes: [
      { name: 'a', match: { path: '/a' }, upstream: 'up' },
      { name: 'h2', match: { path: '/h2' }, upstream: 'h2' },
      { name: 'dead', match: { path: '/dead' }, upstream: 'dead', fallback: { status: 418 } },
      {
        name: 'watched',
        match: { path: '/watched' },
        upstream: 'up',
        policies: [{ 'body-schema': { request: { type: 'object' }, mode: 'report' } }],
      },
    ],
  });
  const PIECE = 'x'.repeat(100_000);
  const chunk = `${PIECE.length.toString(16)}\r\n${PIECE}\r\n`;
  for (const [framing, piece, end] of [
    [`content-length: ${3 * PIECE.length}`, PIECE, ''],
    ['transfer-encoding: chunked', chunk, '0\r\n\r\n'],
  ] as const) {
    const client = await rawClient(gateway.url);
    client.send(
      `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${framing}\r\n\r\n${piece}`,
    );
    await client.until('\r\n\r\n');
    client.send(`${piece}${piece}${end}GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    const answers = await client.untilClosed();
    expect(answers.map((answer) => answer.status)).toEqual([status, 200]);
  }
});

it('a client that breaks off while a policy reads its body has cancelled, and nothing is the gateway’s fault', async () => {
  const gateway = await house();
  const client = await rawHttp2(gateway.url);
  const list: [string, string][] = [[':method', 'POST'], ...GET.slice(1, -1), [':path', '/checked']];
  client.send(frame(FRAME.headers, END_HEADERS, 1, fields(...list, ['content-type', 'application/json'])));
  client.send(frame(FRAME.data, 0, 1, Buffer.from('{')));
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  client.send(frame(FRAME.reset, 0, 1, Buffer.from([0, 0, 0, 8])));
  const line = await gateway.accessLine(({ route }) => route === 'checked');
  expect(line).toMatchObject({ status: 499, reason: 'client_cancelled' });
  await isWell(gateway);
  expect(gateway.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

it('a method that is none is the client’s fault in HTTP/2 too', async () => {
  const gateway = await house();
  for (const method of ['BREW', 'get']) {
    const client = await rawHttp2(gateway.url);
    client.send(
      frame(FRAME.headers, END_HEADERS | END_STREAM, 1, fields([':method', method], ...GET.slice(1))),
    );
    await client.until('request_malformed');
  }
  await isWell(gateway);
  expect(await gateway.metric('gateway_requests_total', { reason: 'request_malformed' })).toBe(2);
});
