import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Slot } from '../../src/contracts/policy.ts';
import { explainRequest } from '../../src/server/explain.ts';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call, problemCode } from '../helpers/raw-http.ts';

const consumers = ['ann', 'root'].map((name) => ({
  name,
  groups: name === 'root' ? ['admin'] : [],
  keys: [{ id: 'k1', sha256: createHash('sha256').update(`key-of-${name}`).digest('hex') }],
}));
const KEY = { 'auth-api-key': {} };
const SLOTS: ReadonlyMap<string, Slot> = new Map([
  ['auth-api-key', 'identify'],
  ['authorize', 'admit'],
]);

it('a method that a field asks for leads to no route’s server past what stands before that route', async () => {
  const { url } = await backend((request, response) => {
    request.resume().on('end', () => response.end());
  });
  const route = (name: string, path: string, methods: string[], policies: object[]) => ({
    name,
    match: { path, methods },
    upstream: 'up',
    policies,
  });
  const gateway = await testGateway({
    consumers,
    upstreams: { up: { targets: [{ url }] } },
    routes: [
      route('read', '/orders/*', ['GET'], []),
      route('write', '/orders/*', ['POST'], [KEY]),
      route('erase', '/orders/*', ['DELETE'], [KEY, { authorize: { groups: ['admin'] } }]),
      route('other', '/other/*', ['POST'], []),
    ],
  });
  const ask = async (method: string, path: string, headers: Record<string, string>): Promise<unknown> => {
    const { config } = gateway.loaded;
    const sent = { 'x-api-key': 'key-of-ann', ...headers };
    const answer = await call(gateway.url, path, { method, headers: sent });
    const { refused } = explainRequest(config, SLOTS, { method, target: path, headers: lower(sent) });
    if (answer.status === 400) expect(refused).toBe(problemCode(answer));
    else expect(refused).toBe(undefined);
    return answer.status;
  };
  const erase = { 'X-HTTP-Method-Override': 'DELETE' };
  expect(await ask('DELETE', '/orders/1', {})).toBe(403);
  expect(await ask('POST', '/orders/1', {})).toBe(200);
  expect(await ask('POST', '/orders/1', erase)).toBe(400);
  expect(await ask('POST', '/orders/1', { x_http_method: 'put, delete' })).toBe(400);
  expect(await ask('GET', '/orders/1', { 'X-Method-Override': 'POST' })).toBe(400);
  // Nothing is taken by a route that asks for more.
  expect(await ask('POST', '/orders/1', { 'X-HTTP-Method-Override': 'GET' })).toBe(200);
  expect(await ask('POST', '/orders/1', { 'X-HTTP-Method-Override': 'PATCH' })).toBe(200);
  expect(await ask('POST', '/other/1', erase)).toBe(200);
  expect(await ask('DELETE', '/orders/1', { ...erase, 'x-api-key': 'key-of-root' })).toBe(200);
});

const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
