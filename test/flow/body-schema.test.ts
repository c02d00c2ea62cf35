import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { policySchemas } from '../../src/gateway.ts';
import { backend } from '../helpers/backend.ts';
import { configText, eventually, testGateway } from '../helpers/gateway.ts';

const order = {
  type: 'object',
  required: ['cart'],
  additionalProperties: false,
  properties: { cart: { type: 'string' }, items: { type: 'array', items: { type: 'integer' } } },
};

async function orders(
  settings: object,
  answer?: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const seen: string[] = [];
  const up = await backend(async (request, response) => {
    seen.push(await text(request));
    if (answer) return answer(request, response);
    response.setHeader('content-type', 'application/json').end('{"orderId":"o-1"}');
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [
      { name: 'orders', match: { path: '/orders' }, upstream: 'up', policies: [{ 'body-schema': settings }] },
    ],
  });
  const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: body as never,
    });
  return { gateway, seen, send };
}

it('a body that fits goes on byte for byte, one that does not is answered with the place', async () => {
  const { gateway, seen, send } = await orders({ request: order });
  const good = '{ "cart" : "c-1",\n "items":[1, 12345678901234567890] }';
  expect((await send(good)).status).toBe(200);
  expect(seen).toEqual([good]);

  const bad = await send('{"cart":"c","items":[1,"4111111111111111"]}');
  expect(bad.status).toBe(422);
  expect(await bad.json()).toMatchObject({
    code: 'schema_request',
    title: expect.stringContaining('At /items/1 must be integer.'),
  });
  expect(seen).toHaveLength(1);
  const line = await gateway.accessLine(({ reason }) => reason === 'schema_request');
  expect(line.contract_breaches).toEqual(['request /items/1 must be integer']);
  expect(JSON.stringify(gateway.lines)).not.toContain('4111111111111111');
  const violations = { route: 'orders', direction: 'request' };
  expect(await gateway.metric('gateway_schema_violations_total', violations)).toBe(1);
});

it('a compressed body is checked as what it holds, and goes on compressed', async () => {
  const seen: Buffer[] = [];
  const up = await backend((request, response) => {
    request.on('data', (chunk: Buffer) => seen.push(chunk)).on('end', () => response.end());
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [
      { name: 'o', match: { path: '/o' }, upstream: 'up', policies: [{ 'body-schema': { request: order } }] },
    ],
  });
  const send = async (body: Buffer) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    return (await fetch(`${gateway.url}/o`, { method: 'POST', headers, body: body as never })).status;
  };
  expect(await send(gzipSync('{"cart":"c-1"}'))).toBe(200);
  expect(gunzipSync(Buffer.concat(seen)).toString()).toBe('{"cart":"c-1"}');
  expect(await send(gzipSync('{"cart":7}'))).toBe(422);
  expect(await send(gzipSync(Buffer.alloc(60_000_000, ' ')))).toBe(413);
  expect(await send(Buffer.from('no gzip'))).toBe(400);
});

it.each([
  ['a key twice', '{"cart":7,"cart":"c"}', {}, 400, 'body_malformed'],
  ['the same key in another spelling', '{"cart":7,"\\u0063art":"c"}', {}, 400, 'body_malformed'],
  ['deep nesting', `${'{"items":'.repeat(100_000)}1${'}'.repeat(100_000)}`, {}, 400, 'body_malformed'],
  ['a huge body', `{"cart":"${'x'.repeat(2_000_000)}"}`, {}, 413, 'body_too_large'],
  ['bytes that are no UTF-8', Buffer.from('{"cart":"\xff"}', 'latin1'), {}, 400, 'body_malformed'],
  ['a polluting key', '{"cart":"c","__proto__":{"admin":true}}', {}, 422, 'schema_request'],
  ['half of a JSON text', '{"cart":', {}, 400, 'body_malformed'],
  ['nothing', '', {}, 422, 'schema_request'],
  ['another type', '{"cart":"c"}', { 'content-type': 'text/plain' }, 415, 'media_type_unsupported'],
  ['an unknown coding', '{"cart":"c"}', { 'content-encoding': 'rot13' }, 415, 'media_type_unsupported'],
])('%s does not get past the schema', async (_what, body, headers, status, code) => {
  const { seen, send } = await orders({ request: order });
  const answer = await send(body, headers);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  expect(seen).toEqual([]);
});

it('an answer that breaks its contract is a 502, and what it held is nowhere', async () => {
  const { gateway, send } = await orders(
    { response: { type: 'object', required: ['orderId'] } },
    (_, response) =>
      response.setHeader('content-type', 'application/json').end('{"card":"4111111111111111"}'),
  );
  const answer = await send('{}');
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({ code: 'schema_response' });
  const line = await gateway.accessLine(({ reason }) => reason === 'schema_response');
  expect(line.contract_breaches).toEqual(["response / must have required property 'orderId'"]);
  expect(JSON.stringify(gateway.lines)).not.toContain('41111111');
});

it.each([
  ['is no JSON', 'text/html', '<p>', 502],
  ['is too large', 'application/json', `"${'x'.repeat(100_000)}"`, 502],
  ['is an error, which has another shape', 'application/json', '{"error":1}', 404],
])('enforced, an answer that %s is not passed unchecked', async (_what, type, body, status) => {
  const { send } = await orders({ response: { type: 'object' }, limit: '64kb' }, (_, response) =>
    response.writeHead(status === 404 ? 404 : 200, { 'content-type': type }).end(body),
  );
  const answer = await send('{}');
  expect(answer.status).toBe(status);
  await answer.arrayBuffer();
});

it.each([
  { 'body-schema': { response: { type: 'object' }, limit: '64kb' } },
  { 'transform-body': { response: { remove: ['/a'] }, limit: '64kb' } },
])('an answer without an end is let go of once it is too large, a part of one is not asked for', async (policy) => {
  let isLeft = false;
  const up = await backend((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url !== '/endless') response.end(JSON.stringify({ range: request.headers.range ?? 'none' }));
    else response.on('close', () => (isLeft = true)).write(`"${'x'.repeat(100_000)}`);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: up.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', policies: [policy] }],
  });
  const answer = await fetch(gateway.url, { headers: { range: 'bytes=0-1' } });
  expect([answer.status, await answer.text()]).toEqual([200, '{"range":"none"}']);
  const endless = await fetch(`${gateway.url}/endless`);
  expect(endless.status).toBe(502);
  await endless.text();
  await eventually(() => isLeft);
});

it('an upstream that breaks off while its answer is checked is the upstream’s failure', async () => {
  const { gateway, send } = await orders({ response: { type: 'object' } }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"a":');
    setImmediate(() => response.destroy());
  });
  const answer = await send('{}');
  expect(answer.status).toBe(502);
  expect((await gateway.accessLine(({ route }) => route === 'orders')).reason).toBe('upstream_truncated');
});

it('where other forms may pass, what is no JSON goes unchecked, and JSON does not', async () => {
  const settings = { request: order, response: { type: 'object' }, otherTypes: 'pass' };
  const { gateway, seen, send } = await orders(settings, (request, response) =>
    response.setHeader('content-type', request.headers['content-type'] ?? '').end('<orders/>'),
  );
  expect((await send('<order/>', { 'content-type': 'application/xml' })).status).toBe(200);
  expect(seen).toEqual(['<order/>']);
  expect((await send('{"cart":7}')).status).toBe(422);
  expect((await send('{"cart":"7"}')).status).toBe(502);
  expect(await gateway.metric('gateway_schema_violations_total', { route: 'orders' })).toBe(2);
});

it('in report mode everything passes, and what is wrong is recorded', async () => {
  const big = JSON.stringify({ list: Array.from({ length: 30_000 }, (_, i) => i) });
  const { gateway, seen, send } = await orders(
    {
      mode: 'report',
      request: order,
      responses: { 200: { type: 'object', properties: { list: { items: { type: 'string' } } } } },
    },
    (_, response) => response.setHeader('content-type', 'application/json').end(big),
  );
  const length = String(Buffer.byteLength(big));
  const sent = JSON.stringify({ cart: 7, items: Array.from({ length: 50_000 }, (_, i) => i) });
  const answer = await send(sent);
  expect(answer.headers.get('content-length')).toBe(length);
  expect(await answer.text()).toBe(big);
  expect(seen).toEqual([sent]);
  const line = await gateway.accessLine(({ route }) => route === 'orders');
  expect(line).toMatchObject({
    status: 200,
    reason: 'ok',
    contract_breaches: ['request /cart must be string', 'response /list/0 must be string'],
  });
});

it('in report mode a part of an answer is no breach: its client asked for it', async () => {
  const { gateway } = await orders({ mode: 'report', response: { type: 'object' } }, (_, response) =>
    response.writeHead(206, { 'content-type': 'application/json', 'content-range': 'bytes 0-1/9' }).end('{"'),
  );
  const part = await fetch(`${gateway.url}/orders`, { headers: { range: 'bytes=0-1' } });
  expect([part.status, await part.text()]).toEqual([206, '{"']);
  const line = await gateway.accessLine(({ route }) => route === 'orders');
  expect(line).not.toHaveProperty('contract_breaches');
});

it('in report mode an event stream passes event by event', async () => {
  let finish: () => void = () => undefined;
  const { gateway, send } = await orders(
    { mode: 'report', responses: { default: { type: 'object' } } },
    (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      finish = () => response.end('data: 2\n\n');
    },
  );
  const answer = await send('{}');
  const reader = answer.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
  finish();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 2\n\n');
  await reader?.read();
  const line = await gateway.accessLine(({ route }) => route === 'orders');
  expect(line.contract_breaches).toEqual(['response / is not_json']);
});

it('HEAD and answers without a body are not asked for one', async () => {
  const { gateway, send } = await orders({ response: { type: 'object' } }, (request, response) =>
    response.writeHead(request.method === 'HEAD' ? 200 : 204, { 'content-type': 'application/json' }).end(),
  );
  expect((await send('{}')).status).toBe(204);
  expect((await fetch(`${gateway.url}/orders`, { method: 'HEAD' })).status).toBe(200);
});

it('a schema that is none refuses the revision at its place', async () => {
  const file = configText({
    upstreams: { up: { targets: [{ url: 'http://127.0.0.1:1' }] } },
    routes: [
      {
        name: 'o',
        match: { path: '/o' },
        upstream: 'up',
        policies: [{ 'body-schema': { responses: { 404: { type: 'objekt' } } } }],
      },
    ],
  });
  const policies = await policySchemas();
  expect(() => loadConfig({ file: 'f.yaml', text: file, env: {}, policies })).toThrow(
    expect.objectContaining({
      problems: [
        expect.objectContaining({
          key: 'routes[0].policies[0].body-schema',
          message: expect.stringContaining('responses.404: '),
        }),
      ],
    }),
  );
});
