import { describe, expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call, rawClient, rawExchange, rawServer } from '../helpers/raw-http.ts';

const routed = (url: string, more: object = {}): Promise<TestGateway> =>
  testGateway({
    ...more,
    upstreams: { up: { targets: [{ url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });

/** An upstream that keeps the raw text of the one request it gets and answers with the given bytes. */
async function upstreamThat(answers: string): Promise<{ gateway: TestGateway; request: () => string }> {
  let request = '';
  const upstream = await rawServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      const isFirst = request === '';
      request += bytes.toString('latin1');
      if (isFirst && answers !== '') socket.end(answers);
    });
  });
  return { gateway: await routed(upstream.url), request: () => request };
}

const EMPTY = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

describe('a request’s framing', () => {
  it.each([
    'GET',
    'DELETE',
    'POST',
    'PUT',
    'PATCH',
    'OPTIONS',
  ])('a body of %s goes on with its length', async (method) => {
    const seen: [string | undefined, string | undefined, string][] = [];
    const upstream = await backend(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push([request.headers['content-length'], request.headers['transfer-encoding'], body]);
      response.end(body);
    });
    const gateway = await routed(upstream.url);
    const answer = await call(gateway.url, '/', { method, body: 'hello', headers: { 'content-length': 5 } });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('hello');
    expect(seen).toEqual([['5', undefined, 'hello']]);
  });

  it('a request without a body gets none', async () => {
    for (const method of ['GET', 'DELETE', 'HEAD']) {
      const { gateway, request } = await upstreamThat(EMPTY);
      expect((await call(gateway.url, '/', { method })).status).toBe(200);
      expect(request()).not.toMatch(/content-length|transfer-encoding/i);
      expect(request().endsWith('\r\n\r\n')).toBe(true);
    }
  });

  it('an empty body of POST keeps its length', async () => {
    const { gateway, request } = await upstreamThat(EMPTY);
    expect((await call(gateway.url, '/', { method: 'POST', headers: { 'content-length': 0 } })).status).toBe(
      200,
    );
    expect(request()).toMatch(/\r\ncontent-length: 0\r\n/i);
  });

  it('a chunked body goes on chunked', async () => {
    const { gateway, request } = await upstreamThat('');
    const client = await rawClient(gateway.url);
    client.send('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await eventually(() => request().includes('hello'));
    expect(request()).toMatch(/\r\ntransfer-encoding: chunked\r\n/i);
    expect(request()).not.toMatch(/content-length/i);
  });

  it('the query goes on byte for byte', async () => {
    const query = '?a=1&a=2&b=%2F%2f%zz&c=a+b%20c&d[]=x|y&e="q"&=&&f=//..//;g?h=i';
    const { gateway, request } = await upstreamThat(EMPTY);
    await rawExchange(gateway.url, `GET /x${query} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    expect(request().split(' ')[1]).toBe(`/x${query}`);
  });

  it('a target’s base path stands before the request’s own', async () => {
    const seen: string[] = [];
    const upstream = await backend((request, response) => {
      seen.push(request.url ?? '');
      response.end();
    });
    const gateway = await routed(`${upstream.url}/base/`);
    await call(gateway.url, '/x?y');
    await call(gateway.url, '/');
    await call(gateway.url, '/../base');
    expect(seen).toEqual(['/base/x?y', '/base/']);
  });
});

describe('an answer’s framing', () => {
  it('HEAD has the length of what GET would give, and nothing else', async () => {
    const { gateway } = await upstreamThat(
      'HTTP/1.1 200 OK\r\ncontent-length: 1234\r\nconnection: close\r\n\r\n',
    );
    const answer = await call(gateway.url, '/', { method: 'HEAD' });
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '1234', 0]);
    expect((await gateway.accessLine(({ route }) => route === 'all')).reason).toBe('ok');
  });

  it.each([
    ['HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n', 204],
    ['HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', 304],
    ['HTTP/1.1 304 Not Modified\r\netag: "x"\r\ncontent-length: 1234\r\n\r\n', 304],
    ['HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n', 205],
    ['HTTP/1.1 205 Reset Content\r\ncontent-length: 6\r\n\r\nunseen', 205],
  ])('%j has no body, and the connection goes on', async (text, status) => {
    const { gateway } = await upstreamThat(text);
    const client = await rawClient(gateway.url);
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.until('\r\n\r\n');
    client.send('GET /.. HTTP/1.1\r\nhost: a\r\n\r\n');
    const answers = await client.untilClosed();
    expect(client.text).not.toMatch(/\n0\r\n\r\n|unseen|content-length: 6/);
    expect([answers[0]?.status, client.text.includes('HTTP/1.1 400')]).toEqual([status, true]);
    await gateway.accessLine(({ reason }) => reason === 'ok');
  });

  it('an answer before the final one does not confuse it', async () => {
    const { gateway } = await upstreamThat(
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    );
    const answer = await call(gateway.url, '/');
    expect([answer.status, answer.body.toString(), answer.headers.link]).toEqual([200, 'ok', undefined]);
  });

  it('an answer that ends with its connection is whole', async () => {
    const { gateway } = await upstreamThat('HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nold style');
    const answer = await call(gateway.url, '/');
    expect([answer.status, answer.body.toString()]).toEqual([200, 'old style']);
  });

  it.each([400, 404, 418, 500, 503])('status %i is passed on with its body', async (status) => {
    const { gateway } = await upstreamThat(
      `HTTP/1.1 ${status} So\r\ncontent-length: 4\r\ncontent-type: text/x\r\n\r\nbody`,
    );
    const answer = await call(gateway.url, '/');
    expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([
      status,
      'text/x',
      'body',
    ]);
    const reason = status < 500 ? 'upstream_4xx' : 'upstream_5xx';
    await gateway.accessLine(
      (line) => line.reason === reason && line.status === status && line.attempts === 1,
    );
    expect(await gateway.metric('gateway_requests_total', { reason })).toBe(1);
  });

  it('a redirect is the client’s to follow, and is not rewritten', async () => {
    const { gateway } = await upstreamThat(
      'HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n',
    );
    const answer = await call(gateway.url, '/');
    expect([answer.status, answer.headers.location]).toEqual([302, '/elsewhere']);
  });
});
