// Requests of the config's routes do without Fastify, as long as only policies that ship stand before them. Whoever asks can't tell.
import { createHash } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { PlainRequests } from '../../src/server/plain-requests.ts';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

const KEY = 'key-of-the-shop';
const config = (url: string) => ({
  server: { limits: { body: '1kb' } },
  consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: createHash('sha256').update(KEY).digest('hex') }] }],
  upstreams: { shop: { targets: [{ url }] }, away: { targets: [{ url: 'http://127.0.0.1:1' }] } },
  routes: [
    { name: 'open', match: { path: '/open/*' }, upstream: 'shop' },
    { name: 'away', match: { path: '/away' }, upstream: 'away' },
    {
      name: 'guarded',
      match: { path: '/guarded', methods: ['GET', 'HEAD', 'POST'] },
      upstream: 'shop',
      policies: [
        { 'auth-api-key': {} },
        { 'rate-limit': { limit: 2, window: '1h' } },
        { headers: { response: { set: { 'x-shop': 'yes' } } } },
      ],
    },
  ],
});

/** One of an embedder's: because of it every policy of the process gets Fastify's request and reply. */
const OWN: PolicyDescriptor<object> = {
  name: 'own',
  slot: 'limit',
  schema: { type: 'object' } as never,
  create: () => ({}),
};

/** What differs from one request to the next. */
const OWN_TO_EACH = /^(?:date|x-request-id|retry-after): .*$|"request_id":"[^"]*"|;t=\d+/gim;

const head = (line: string, ...fields: string[]): string =>
  [`${line} HTTP/1.1`, 'host: gateway', ...fields, '', ''].join('\r\n');
const withKey = `x-api-key: ${KEY}`;
const REQUESTS: Readonly<Record<string, string>> = {
  'an answer': head('GET /open/a?b=c'),
  'a body': `${head('POST /open/a', 'content-type: text/plain', 'content-length: 2')}ok`,
  'an answer without its body': head('HEAD /open/a'),
  'no such path': head('GET /nowhere'),
  'no such method': head('DELETE /guarded', withKey),
  'a preflight that nobody answers': head('OPTIONS /guarded', 'access-control-request-method: GET'),
  'no key': head('GET /guarded'),
  'no key, and a body': `${head('POST /guarded', 'content-length: 2')}ok`,
  'one of two': head('GET /guarded', withKey),
  'the other of two': head('GET /guarded', withKey),
  'one too many': head('GET /guarded', withKey),
  'a refusal without its body': head('HEAD /guarded', withKey),
  'a body that is too large': head('POST /open/a', 'content-length: 5000'),
  'a type that is none': `${head('POST /open/a', 'content-type: no type', 'content-length: 2')}ok`,
  'an upstream that is not there': head('GET /away'),
  'a body in chunks': `${head('POST /open/a', 'transfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
  'an expectation': `${head('POST /open/a', 'expect: 100-continue', 'content-length: 2')}ok`,
};

/** All that comes back, if another request stands behind it: where a body was not read, that one is not answered. */
async function said(url: string, request: string): Promise<string[]> {
  const client = await rawClient(url);
  client.send(request + head('GET /open/last', 'connection: close'));
  await client.untilClosed();
  return client.text.replace(OWN_TO_EACH, '…').split('\r\n').toSorted();
}

it('what comes back is the same, and so is what the log says', async () => {
  const shop = await backend((request, response) => {
    response.setHeader('x-saw', `${request.method} ${request.url}`);
    request.resume().once('end', () => response.end('hello'));
  });
  const serve = vi.spyOn(PlainRequests.prototype, 'serve');
  onTestFinished(() => serve.mockRestore());
  const plain = await testGateway(config(shop.url));
  const fastify = await testGateway(config(shop.url), { policies: [OWN as PolicyDescriptor<unknown>] });
  for (const [what, request] of Object.entries(REQUESTS)) {
    expect([what, await said(plain.url, request)]).toEqual([what, await said(fastify.url, request)]);
  }
  const told = (lines: typeof plain.lines): unknown[] =>
    lines
      .filter(({ msg }) => msg === 'request')
      .map(({ route, status, reason, consumer, target }) => ({ route, status, reason, consumer, target }));
  expect(told(plain.lines)).toEqual(told(fastify.lines));
  expect(told(plain.lines).length).toBeGreaterThan(Object.keys(REQUESTS).length);
  // One of the two does without Fastify, but for what is no route's, and the other never does.
  expect(serve).toHaveBeenCalledTimes(told(plain.lines).length);
  expect(serve.mock.results.filter(({ value }) => value === false)).toHaveLength(3);
});
