import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, parseAnswers, rawExchange, rawServer } from '../helpers/raw-http.ts';

async function house(
  policies: object[] = [],
): Promise<{ gateway: TestGateway; seen: IncomingHttpHeaders[] }> {
  const seen: IncomingHttpHeaders[] = [];
  const upstream = await backend((request, response) => {
    seen.push(request.headers);
    response.end('ok');
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', policies }],
  });
  return { gateway, seen };
}

const ask = (gateway: TestGateway, ...headers: string[]) =>
  rawExchange(gateway.url, ['GET / HTTP/1.1', 'host: a', ...headers, '', ''].join('\r\n'));

describe('what belongs to the client’s connection stays there', () => {
  it.each([
    [
      ['connection: close, x-foo, X-Bar', 'x-foo: 1', 'x-bar: 2'],
      ['x-foo', 'x-bar'],
    ],
    [['connection: x-foo', 'connection: close', 'x-foo: 1'], ['x-foo']],
    [['connection: close', 'keep-alive: 5'], ['keep-alive']],
    [['connection: close, te', 'te: trailers'], ['te']],
    [['connection: close', 'te: trailers'], ['te']],
    [['connection: close', 'trailer: x-sum'], ['trailer']],
    [['connection: close', 'proxy-authorization: Basic eDp5'], ['proxy-authorization']],
    [['connection: close', 'proxy-connection: keep-alive'], ['proxy-connection']],
    [
      ['connection: close, upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAM'],
      ['upgrade', 'http2-settings'],
    ],
    [['connection: close', 'upgrade: h2c'], ['upgrade']],
    [['connection: close', 'expect: 100-continue'], ['expect']],
    [['connection: close', 'x-consumer-name: root'], ['x-consumer-name']],
  ])('%j', async (headers, gone) => {
    const { gateway, seen } = await house();
    const answers = await ask(gateway, 'x-kept: 1', ...headers);
    expect(answers.at(-1)?.status).toBe(200);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ 'x-kept': '1' });
    for (const name of gone) expect(seen[0]).not.toHaveProperty(name);
    expect(await gateway.metric('gateway_requests_total', { reason: 'ok' })).toBe(1);
  });
});

it('a client’s Connection header can’t take away what the gateway adds (CVE-2026-33805)', async () => {
  const { gateway, seen } = await house([{ headers: { request: { set: { 'x-tenant': 'blue' } } } }]);
  const names =
    'x-request-id, traceparent, x-forwarded-for, x-forwarded-host, x-forwarded-proto, x-tenant, host';
  const [answer] = await ask(
    gateway,
    `connection: close, ${names}`,
    'x-tenant: red',
    'x-request-id: abcdefgh',
  );
  expect(answer?.status).toBe(200);
  expect(seen[0]).toMatchObject({
    'x-tenant': 'blue',
    'x-request-id': 'abcdefgh',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': 'a',
    'x-forwarded-proto': 'http',
    host: 'a',
  });
  expect(seen[0]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

it('what belongs to the upstream’s connection stays there', async () => {
  const upstream = await rawServer((socket) => {
    socket.once('data', () =>
      socket.end(
        [
          'HTTP/1.1 200 OK',
          'connection: close, x-internal, content-language',
          'keep-alive: timeout=5',
          'proxy-authenticate: Basic',
          'upgrade: h2c',
          'trailer: x-sum',
          'x-internal: secret',
          '__proto__: x',
          'content-language: de',
          'x-kept: 1',
          'x-request-id: the-upstreams-own',
          'content-length: 2',
          '',
          'ok',
        ].join('\r\n'),
      ),
    );
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [
      {
        name: 'all',
        match: { path: '/*' },
        upstream: 'up',
        policies: [{ headers: { response: { set: { 'x-added': 'yes' } } } }],
      },
    ],
  });
  const { status, headers, rawHeaders, body } = await call(gateway.url, '/', {
    headers: { connection: 'keep-alive' },
  });
  expect([status, body.toString()]).toEqual([200, 'ok']);
  expect(rawHeaders).not.toContain('__proto__');
  for (const gone of ['proxy-authenticate', 'upgrade', 'trailer', 'x-internal', 'content-language'])
    expect(headers).not.toHaveProperty(gone);
  expect(headers.connection).toBe('keep-alive');
  expect(headers['keep-alive']).not.toContain('timeout=5,');
  expect(headers).toMatchObject({ 'x-kept': '1', 'x-added': 'yes' });
  expect(headers['x-request-id']).not.toBe('the-upstreams-own');
});

it('several cookies stay several', async () => {
  const upstream = await backend((_request, response) => {
    response.setHeader('set-cookie', ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2', 'c=3']);
    response.end();
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const { headers } = await call(gateway.url, '/');
  expect(headers['set-cookie']).toEqual(['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2', 'c=3']);
});

it('the bytes of a header that are not ASCII go through as they are, both ways', async () => {
  let seen = '';
  const upstream = await rawServer((socket) => {
    socket.once('data', (bytes: Buffer) => {
      seen = bytes.toString('latin1');
      const name = Buffer.from('日本 é', 'utf8').toString('latin1');
      const text = `HTTP/1.1 200 OK\r\nx-name: ${name}\r\nx-latin: \xe9\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
      socket.end(Buffer.from(text, 'latin1'));
    });
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const name = Buffer.from('日本 é', 'utf8').toString('latin1');
  const request = `GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-name: ${name}\r\nx-latin: \xe9\r\n\r\n`;
  const [answer] = await rawExchange(gateway.url, Buffer.from(request, 'latin1'));
  expect(answer?.status).toBe(200);
  expect(answer?.headers['x-name']).toBe(name);
  expect(answer?.headers['x-latin']).toBe('\xe9');
  expect(seen).toContain(`x-name: ${name}\r\n`);
  expect(seen).toContain('x-latin: \xe9\r\n');
  expect(parseAnswers(seen)).toEqual([]);
});
