import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';

async function transformed(settings: object, answer: (response: ServerResponse) => void) {
  const seen: { url: string; body: string; headers: IncomingHttpHeaders }[] = [];
  const up = await backend(async (request, response) => {
    seen.push({ url: request.url ?? '', body: await text(request), headers: request.headers });
    answer(response);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [
      {
        name: 'users',
        match: { path: '/users/{id}' },
        upstream: 'up',
        policies: [
          { 'transform-body': settings },
          { query: { remove: ['debug'], rename: { q: 'search' }, set: { user: '{{path.id}}' } } },
          { headers: { request: { set: { 'x-user': '{{path.id}}', 'x-said': '{{query.say}}' } } } },
        ],
      },
    ],
  });
  const ask = (init: RequestInit = {}, query = '') => fetch(`${gateway.url}/users/a%20b${query}`, init);
  const send = (body: string | Buffer, headers: Record<string, string> = {}, query = '') =>
    ask(
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: body as never },
      query,
    );
  return { gateway, seen, ask, send };
}

const json = (body: string) => (response: ServerResponse) =>
  response.setHeader('content-type', 'application/json').end(body);

it('bodies are changed on both ways, query and headers on the way in', async () => {
  const { seen, send } = await transformed(
    {
      request: {
        remove: ['/debug'],
        move: { '/name': '/person/name' },
        set: { '/person/id': '{{path.id}}' },
      },
      response: { remove: ['/items/*/internal'], rename: { '/items/*/sku': 'code' } },
    },
    json('{"items":[{"sku":1,"internal":true,"price":10.00},{"sku":2}]}'),
  );
  const answer = await send('{"name":"Ann","debug":1,"big":12345678901234567890}', {}, '?q=1&debug=x&x=%20');
  expect(await answer.text()).toBe('{"items":[{"price":10.00,"code":1},{"code":2}]}');
  expect(seen[0]).toMatchObject({
    url: '/users/a%20b?search=1&x=%20&user=a%20b',
    body: '{"big":12345678901234567890,"person":{"name":"Ann","id":"a b"}}',
  });
  expect(seen[0]?.headers).toMatchObject({
    'x-user': 'a b',
    'content-length': String(Buffer.byteLength(seen[0]?.body ?? '')),
  });
});

it('a compressed answer is changed and sent plain; what told of its bytes is gone', async () => {
  const { seen, ask } = await transformed({ response: { remove: ['/secret'] } }, (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', etag: '"1"' })
      .end(gzipSync('{"secret":1,"a":2}')),
  );
  const answer = await ask({ headers: { range: 'bytes=0-5', 'if-range': '"1"' } });
  expect(await answer.text()).toBe('{"a":2}');
  expect([answer.headers.get('etag'), answer.headers.get('content-encoding')]).toEqual([null, null]);
  expect(seen[0]?.headers).not.toHaveProperty('range');
  expect(seen[0]?.headers['accept-encoding']).toBe('identity');
});

it('bodies of another type are left alone, also long ones', async () => {
  const long = 'x'.repeat(3_000_000);
  const { seen, send } = await transformed(
    { request: { remove: ['/a'] }, response: { remove: ['/a'] } },
    (response) => response.setHeader('content-type', 'text/plain').end(long),
  );
  const answer = await send(long, { 'content-type': 'text/csv' });
  expect((await answer.text()).length).toBe(long.length);
  expect(seen[0]?.body.length).toBe(long.length);
});

it.each([
  ['is malformed', '{"secret":1', {}, 502, 'schema_response'],
  ['has a key twice', '{"secret":1,"secret":2}', {}, 502, 'schema_response'],
  ['is too large', `{"secret":"${'x'.repeat(70_000)}"}`, {}, 502, 'upstream_too_large'],
  ['comes in an unknown coding', '{"secret":1}', { 'content-encoding': 'rot13' }, 502, 'schema_response'],
])('an answer that %s does not pass with what should be taken out', async (_what, body, headers, status, code) => {
  const { gateway, ask } = await transformed(
    { response: { remove: ['/secret'] }, limit: '64kb' },
    (response) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body),
  );
  const answer = await ask();
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  expect((await gateway.accessLine(({ route }) => route === 'users')).reason).toBe(code);
});

it.each([
  ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 400],
  ['a key twice', '{"a":1,"a":2}', 400],
  ['a huge body', `"${'x'.repeat(2_000_000)}"`, 413],
])('%s is refused', async (_what, body, status) => {
  const { seen, send } = await transformed({ request: { remove: ['/a'] } }, json('{}'));
  expect((await send(body)).status).toBe(status);
  expect(seen).toEqual([]);
});

it('a polluting key is data like any other', async () => {
  const { seen, send } = await transformed({ request: { set: { '/x': 1 } } }, json('{}'));
  await send('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
  expect(seen[0]?.body).toBe('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"x":1}');
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

it('what a client puts into a template stays one value', async () => {
  const { seen, ask } = await transformed({}, json('{}'));
  await ask({}, `?say=${encodeURIComponent('a\r\nx-evil: 1\r\n\r\n{{consumer}}')}`);
  expect(seen[0]?.headers['x-said']).toBe('a%0D%0Ax-evil: 1%0D%0A%0D%0A{{consumer}}');
  expect(seen[0]?.headers).not.toHaveProperty('x-evil');
});

it('statuses become others, and a 204 has no body', async () => {
  const { ask } = await transformed({ response: { status: { 404: 204, 418: 503 } } }, (response) =>
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"gone":true}'),
  );
  const answer = await ask();
  expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([204, '', null]);

  const teapot = await transformed({ response: { status: { 404: 204, 418: 503 } } }, (response) =>
    response.writeHead(418, { 'content-type': 'application/json' }).end('{"tea":true}'),
  );
  const short = await teapot.ask();
  expect([short.status, await short.text()]).toEqual([503, '{"tea":true}']);
});

it('HEAD tells nothing of the bytes that GET would not have', async () => {
  const { ask } = await transformed({ response: { remove: ['/secret'] } }, (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': '100', etag: '"1"' })
      .end(),
  );
  const answer = await ask({ method: 'HEAD' });
  expect([answer.status, answer.headers.get('content-length'), answer.headers.get('etag')]).toEqual([
    200,
    null,
    null,
  ]);
});
