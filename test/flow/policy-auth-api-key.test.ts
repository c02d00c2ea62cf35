import { createHash } from 'node:crypto';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { parseAnswers, type RawAnswer, rawClient, rawExchange } from '../helpers/raw-http.ts';

const KEY = 'hck_Key-of-the-shop';
const digest = createHash('sha256').update(KEY).digest('hex');

async function guarded(settings: object = {}) {
  const seen: string[][] = [];
  const { url } = await backend((request, response) => {
    seen.push(request.rawHeaders);
    response.end('ok');
  });
  const gateway = await testGateway({
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: digest }] }],
    upstreams: { up: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'up',
        policies: [{ 'auth-api-key': settings }],
      },
    ],
  });
  /** The answer to a request with these header lines, written as they are. */
  const ask = async (...lines: string[]): Promise<RawAnswer | undefined> => {
    const head = [
      'GET /things?x-api-key=hck_Key-of-the-shop HTTP/1.1',
      'host: a',
      'connection: close',
      ...lines,
    ];
    return (await rawExchange(gateway.url, Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1')))[0];
  };
  return { gateway, ask, seen };
}

it.each([
  ['its digest', [`x-api-key: ${digest}`]],
  ['a part of it', [`x-api-key: ${KEY.slice(0, -1)}`]],
  ['more than it', [`x-api-key: ${KEY}x`]],
  ['another case', [`x-api-key: ${KEY.toLowerCase()}`]],
  ['it twice', [`x-api-key: ${KEY}`, `x-api-key: ${KEY}`]],
  ['it behind another', ['x-api-key: wrong', `authorization: Bearer ${KEY}`]],
  ['it with another scheme', [`authorization: Basic ${KEY}`]],
  ['it without a scheme', [`authorization: ${KEY}`]],
  ['it in two', [`authorization: Bearer ${KEY} ${KEY}`]],
  ['it in the query only', []],
  ['it in a cookie', [`cookie: x-api-key=${KEY}`]],
  ['it as the consumer’s name', ['x-consumer-name: shop']],
  ['8 kB', [`x-api-key: ${'k'.repeat(8000)}`]],
  ['nothing', ['x-api-key: ']],
  ['a scheme only', ['authorization: Bearer']],
  ['letters beyond ASCII', [`x-api-key: ${KEY}\u00e9`]],
])('who shows %s is not let in, and learns nothing', async (_what, lines) => {
  const { ask, seen, gateway } = await guarded();
  const answer = await ask(...lines);
  expect(answer?.status).toBe(401);
  expect(answer?.headers['www-authenticate']).toBe('Bearer');
  for (const secret of [KEY, digest, 'shop']) expect(JSON.stringify(answer)).not.toContain(secret);
  expect(seen).toEqual([]);
  const line = await gateway.accessLine(({ status }) => status === 401);
  expect(['auth_key_missing', 'auth_key_unknown']).toContain(line.reason);
  expect(JSON.stringify(gateway.lines)).not.toContain(KEY);
});

it('the key in a header goes on to the upstream only where the config says so', async () => {
  const kept = await guarded();
  expect((await kept.ask(`x-api-key: ${KEY}`))?.status).toBe(200);
  expect((await kept.ask(`X-API-KEY:${KEY}  `))?.status).toBe(200);
  expect((await kept.ask(`authorization: bEARER   ${KEY}`))?.status).toBe(200);
  expect(kept.seen).toHaveLength(3);
  expect(JSON.stringify(kept.seen)).not.toContain(KEY);
  const forwarded = await guarded({ forward: true, header: 'x-token' });
  expect((await forwarded.ask(`x-token: ${KEY}`))?.status).toBe(200);
  expect(JSON.stringify(forwarded.seen)).toContain(KEY);
  expect((await forwarded.ask(`x-api-key: ${KEY}`))?.status).toBe(401);
});

it('nor does an upstream of HTTP/2 see it, nor what stands around the call', async () => {
  const upstream = createServer();
  upstream.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ ...headers, sent: Object.keys(headers) }));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void upstream.close());
  const host = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const around = { 'transform-body': { response: { set: { '/seen': true } } } };
  const gateway = await testGateway({
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: digest }] }],
    upstreams: { up: { targets: [{ url: `http://${host}` }], protocol: 'http2', host: 'target' } },
    routes: [
      { name: 'plain', match: { path: '/plain' }, upstream: 'up', policies: [{ 'auth-api-key': {} }] },
      {
        name: 'around',
        match: { path: '/around' },
        upstream: 'up',
        policies: [{ 'auth-api-key': {} }, around],
      },
    ],
  });
  for (const path of ['/plain', '/around']) {
    for (const shown of [{ 'x-api-key': KEY }, { authorization: `Bearer ${KEY}` }]) {
      const answer = await fetch(gateway.url + path, { headers: { ...shown, 'x-kept': 'yes' } });
      expect(answer.status).toBe(200);
      const seen = (await answer.json()) as Record<string, unknown>;
      expect(seen).toMatchObject({ ':authority': host, 'x-kept': 'yes', 'x-consumer-name': 'shop' });
      for (const name of ['x-api-key', 'authorization', 'host']) expect(seen.sent).not.toContain(name);
      expect(JSON.stringify(seen)).not.toContain(KEY);
    }
  }
});

it('each request of a connection shows its own key, whatever the one before it has shown', async () => {
  const OTHER = 'hck_Key-of-the-mill';
  const { url } = await backend((request, response) => response.end(request.headers['x-consumer-name']));
  const consumer = (name: string, key: string, more: object = {}) => ({
    name,
    keys: [{ id: `${name}-1`, sha256: createHash('sha256').update(key).digest('hex'), ...more }],
  });
  const config = (...consumers: object[]) => ({
    consumers,
    upstreams: { up: { targets: [{ url }] } },
    routes: ['things', 'more'].map((name) => ({
      name,
      match: { path: `/${name}` },
      upstream: 'up',
      policies: [{ 'auth-api-key': {} }],
    })),
  });
  let now = Date.UTC(2026, 10, 30);
  const expires = new Date(now + 60_000).toISOString();
  const mill = consumer('mill', OTHER);
  const gateway = await testGateway(config(consumer('shop', KEY, { expires }), mill), { now: () => now });
  const client = await rawClient(gateway.url);
  let asked = 0;
  /** Status and body of the next answer on the one connection. */
  const ask = async (key: string, path = '/things'): Promise<string> => {
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nx-api-key: ${key}\r\n\r\n`);
    asked++;
    const { status, body } = await eventually(() => {
      const answer = parseAnswers(client.text)[asked - 1];
      return answer?.body.length === Number(answer?.headers['content-length']) ? answer : undefined;
    });
    return status === 200 ? body : `${status} ${(JSON.parse(body) as { code: string }).code}`;
  };
  expect(await ask(KEY)).toBe('shop');
  expect(await ask(KEY)).toBe('shop');
  for (const wrong of [
    `x${KEY.slice(1)}`,
    `${KEY.slice(0, -1)}x`,
    KEY.slice(1),
    `${KEY}x`,
    KEY.toUpperCase(),
  ])
    expect(await ask(wrong)).toBe('401 auth_key_unknown');
  expect(await ask(KEY)).toBe('shop');
  expect(await ask(OTHER)).toBe('mill');
  expect(await ask(KEY, '/more')).toBe('shop');
  expect(await ask(OTHER)).toBe('mill');
  expect(await ask(KEY)).toBe('shop');

  now += 60_000;
  expect(await ask(KEY)).toBe('401 auth_key_expired');
  expect(await ask(KEY)).toBe('401 auth_key_expired');
  expect(await ask(OTHER)).toBe('mill');

  await gateway.write(config(consumer('shop', KEY)));
  expect(await gateway.reload()).toBe(true);
  expect(await ask(OTHER)).toBe('401 auth_key_unknown');
  expect(await ask(KEY)).toBe('shop');
  expect(client.closed).toBe(false);
});
