import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { type RawAnswer, rawExchange } from '../helpers/raw-http.ts';

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
