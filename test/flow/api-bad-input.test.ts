import { describe, expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, problemCode, rawClient, rawExchange } from '../helpers/raw-http.ts';
import { watchStalls } from '../helpers/stalls.ts';

interface House {
  gateway: TestGateway;
  /** Method and target of what reached the upstream. */
  seen: string[];
}

async function house(server: object = {}): Promise<House> {
  const seen: string[] = [];
  const upstream = await backend((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.end('ok'));
  });
  const gateway = await testGateway({
    server,
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  return { gateway, seen };
}

const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const OK = head('GET /smuggled HTTP/1.1', 'host: a');

/** What is sent, and the status and code with which it is refused. */
const BAD: [name: string, bytes: string | Buffer, status: number, code: string][] = [
  ['no HTTP at all', 'hello, is it me\r\n\r\n', 400, 'request_malformed'],
  ['TLS on a plain port', Buffer.from('16030100f8010000f40303', 'hex'), 400, 'request_malformed'],
  ['a method that is none', head('G@T / HTTP/1.1', 'host: a'), 400, 'request_malformed'],
  ['a space in the target', head('GET /a b HTTP/1.1', 'host: a'), 400, 'request_malformed'],
  ['no version', head('GET /', 'host: a'), 400, 'request_malformed'],
  ['HTTP/0.9', head('GET / HTTP/0.9', 'host: a'), 400, 'request_malformed'],
  ['HTTP/1.2', head('GET / HTTP/1.2', 'host: a'), 400, 'request_malformed'],
  ['HTTP/2.0 as text', head('GET / HTTP/2.0', 'host: a'), 400, 'request_malformed'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'request_malformed'],
  ['a header without a colon', head('GET / HTTP/1.1', 'host: a', 'nonsense'), 400, 'request_malformed'],
  ['a space before the colon', head('GET / HTTP/1.1', 'host: a', 'x : 1'), 400, 'request_malformed'],
  ['a header name with a space', head('GET / HTTP/1.1', 'host: a', 'x y: 1'), 400, 'request_malformed'],
  [
    'a control character in a value',
    head('GET / HTTP/1.1', 'host: a', 'x: a\x01b'),
    400,
    'request_malformed',
  ],
  ['NUL in a value', head('GET / HTTP/1.1', 'host: a', 'x: a\0b'), 400, 'request_malformed'],
  ['a folded header', head('GET / HTTP/1.1', 'host: a', 'x: a', ' b'), 400, 'request_malformed'],
  ['bare CR', 'GET / HTTP/1.1\r\nhost: a\rx: 1\r\n\r\n', 400, 'request_malformed'],
  ['bare LF', 'GET / HTTP/1.1\nhost: a\n\n', 400, 'request_malformed'],
  [
    'Content-Length twice, alike',
    `${head('POST / HTTP/1.1', 'host: a', 'content-length: 2', 'content-length: 2')}ab`,
    400,
    'request_malformed',
  ],
  [
    'Content-Length twice, different',
    `${head('POST / HTTP/1.1', 'host: a', 'content-length: 2', 'content-length: 3')}ab${OK}`,
    400,
    'request_malformed',
  ],
  [
    'a Content-Length of two numbers',
    `${head('POST / HTTP/1.1', 'host: a', 'content-length: 2, 3')}ab`,
    400,
    'request_malformed',
  ],
  [
    'a Content-Length with a sign',
    head('POST / HTTP/1.1', 'host: a', 'content-length: +2'),
    400,
    'request_malformed',
  ],
  [
    'a negative Content-Length',
    head('POST / HTTP/1.1', 'host: a', 'content-length: -1'),
    400,
    'request_malformed',
  ],
  [
    'Content-Length and Transfer-Encoding',
    `${head('POST / HTTP/1.1', 'host: a', 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n${OK}`,
    400,
    'request_malformed',
  ],
  [
    'Transfer-Encoding and Content-Length',
    `${head('POST / HTTP/1.1', 'host: a', 'transfer-encoding: chunked', 'content-length: 5')}0\r\n\r\n${OK}`,
    400,
    'request_malformed',
  ],
  [
    'a transfer coding that is not chunked',
    `${head('POST / HTTP/1.1', 'host: a', 'transfer-encoding: identity')}${OK}`,
    400,
    'request_malformed',
  ],
  [
    'a transfer coding besides chunked',
    `${head('POST / HTTP/1.1', 'host: a', 'transfer-encoding: gzip, chunked')}0\r\n\r\n${OK}`,
    400,
    'request_malformed',
  ],
  [
    'chunked twice',
    `${head('POST / HTTP/1.1', 'host: a', 'transfer-encoding: chunked', 'transfer-encoding: chunked')}0\r\n\r\n${OK}`,
    400,
    'request_malformed',
  ],
  [
    'chunked, misspelt',
    `${head('POST / HTTP/1.1', 'host: a', 'transfer-encoding: xchunked')}0\r\n\r\n${OK}`,
    400,
    'request_malformed',
  ],
  [
    'chunked in HTTP/1.0',
    `${head('POST / HTTP/1.0', 'host: a', 'transfer-encoding: chunked')}0\r\n\r\n${OK}`,
    400,
    'request_malformed',
  ],
  [
    'a chunk whose size is none',
    `${head('POST / HTTP/1.1', 'host: a', 'transfer-encoding: chunked')}zz\r\n${OK}`,
    400,
    'request_malformed',
  ],
  ['no Host', `${head('GET / HTTP/1.1', 'x: y')}${OK}`, 400, 'host_invalid'],
  ['two Hosts', `${head('GET / HTTP/1.1', 'host: a', 'Host: b')}${OK}`, 400, 'host_invalid'],
  ['two equal Hosts', `${head('GET / HTTP/1.1', 'host: a', 'host: a')}${OK}`, 400, 'host_invalid'],
  ['a Host with a path', head('GET / HTTP/1.1', 'host: a/b'), 400, 'host_invalid'],
  ['a Host with a name in front', head('GET / HTTP/1.1', 'host: me@a'), 400, 'host_invalid'],
  ['a Host of two', head('GET / HTTP/1.1', 'host: a, b'), 400, 'host_invalid'],
  ['an empty Host', head('GET / HTTP/1.1', 'host:'), 400, 'host_invalid'],
  ['a tunnel', head('CONNECT a:443 HTTP/1.1', 'host: a:443'), 400, 'path_invalid'],
  [
    '100 kB of headers',
    head('GET / HTTP/1.1', 'host: a', `x: ${'y'.repeat(100_000)}`),
    431,
    'headers_too_large',
  ],
  [
    '100 kB of small headers',
    head('GET / HTTP/1.1', 'host: a', ...Array.from({ length: 5000 }, (_, i) => `x-${i}: yyyyyyyyyyyy`)),
    431,
    'headers_too_large',
  ],
  ['a target of 100 kB', head(`GET /${'a'.repeat(100_000)} HTTP/1.1`, 'host: a'), 431, 'headers_too_large'],
];

describe('what is no request is refused, recorded, and its connection closed', () => {
  it.each(BAD)('%s', async (_name, bytes, status, code) => {
    const { gateway, seen } = await house();
    const answers = await rawExchange(gateway.url, bytes);
    expect(answers.map((answer) => [answer.status, problemCode(answer)])).toEqual([[status, code]]);
    expect(answers[0]?.headers.connection).toBe('close');
    await gateway.accessLine(({ reason, ...line }) => reason === code && line.status === status);
    expect(await gateway.metric('gateway_requests_total', { reason: code })).toBe(1);
    expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
    expect(seen.filter((request) => request.includes('smuggled'))).toEqual([]);
    expect((await call(gateway.url, '/healthy')).status).toBe(200);
  });
});

describe('what is unusual and right is served', () => {
  it.each([
    ['HTTP/1.0 without a Host', head('GET /a HTTP/1.0'), 'GET /a'],
    [
      'empty lines before the request',
      `\r\n\r\n${head('GET /a HTTP/1.1', 'host: a', 'connection: close')}`,
      'GET /a',
    ],
    ['a Host with a port', head('GET /a HTTP/1.1', 'host: [::1]:80', 'connection: close'), 'GET /a'],
    [
      'an unknown expectation',
      head('GET /a HTTP/1.1', 'host: a', 'expect: tea', 'connection: close'),
      'GET /a',
    ],
    [
      'a chunked body with extensions and a trailer',
      `${head('POST /a HTTP/1.1', 'host: a', 'connection: close', 'transfer-encoding: Chunked')}2;x=y\r\nab\r\n0\r\nz: 1\r\n\r\n`,
      'POST /a',
    ],
  ])('%s', async (_name, bytes, expected) => {
    const { gateway, seen } = await house();
    const answers = await rawExchange(gateway.url, bytes);
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(seen).toEqual([expected]);
  });
});

it('methods that no route has are answered 405, also those that the router has never heard of', async () => {
  const { gateway } = await house();
  for (const method of ['TRACE', 'PROPFIND', 'QUERY', 'PURGE']) {
    const answer = await call(gateway.url, '/x', { method });
    expect([method, answer.status, problemCode(answer)]).toEqual([method, 405, 'method_not_allowed']);
  }
  expect(await gateway.metric('gateway_requests_total', { reason: 'method_not_allowed' })).toBe(4);
});

it('no header is lost, however many fit into the head', async () => {
  const upstream = await backend((request, response) => response.end(String(request.headers['x-last'])));
  const gateway = await testGateway({
    server: { limits: { header: '64kb' } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const many = Array.from({ length: 2500 }, (_, i) => `a${i % 10}: 1`);
  const [answer] = await rawExchange(
    gateway.url,
    head('GET / HTTP/1.1', 'host: a', 'connection: close', ...many, 'x-last: here'),
  );
  expect(answer?.status).toBe(200);
  expect(answer?.body).toContain('here');
});

it('slow heads are answered 408 and gone within a second of their time', async () => {
  const { gateway } = await house({ timeouts: { headers: '1s' } });
  const stalledFor = watchStalls();
  const started = performance.now();
  const silent = await rawClient(gateway.url);
  const dripping = await rawClient(gateway.url);
  dripping.send('GET / HTTP/1.1\r\nhost: a\r\n');
  const drip = setInterval(() => dripping.socket.writable && dripping.send('x: y\r\n'), 100);
  const [silentAnswers, drippingAnswers] = await Promise.all([silent.untilClosed(), dripping.untilClosed()]);
  clearInterval(drip);
  expect(performance.now() - started).toBeLessThan(4000 + stalledFor());
  for (const [answer, ...more] of [silentAnswers, drippingAnswers]) {
    expect(answer?.status).toBe(408);
    expect(answer && problemCode(answer)).toBe('request_timeout');
    expect(more).toEqual([]);
  }
  await eventually(
    async () =>
      (await gateway.metric('gateway_requests_total', { reason: 'request_timeout', status_class: '4xx' })) ===
      2,
  );
  expect((await call(gateway.url, '/healthy')).status).toBe(200);
});
