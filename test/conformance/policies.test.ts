import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import authApiKey from '../../plugins/auth-api-key/index.ts';
import headers from '../../plugins/headers/index.ts';
import rateLimit from '../../plugins/rate-limit/index.ts';
import { loadPolicies } from '../../src/server/policies.ts';
import { policyConformance } from './policy-suite.ts';

policyConformance(authApiKey as never, {
  valid: [{}, { header: 'x-token', forward: true }],
  invalid: [{ header: 'X Key' }, { heeder: 'x-api-key' }, { forward: 'yes' }],
});

policyConformance(rateLimit as never, {
  valid: [
    { limit: 10, window: '1m' },
    { limit: 10, window: '1m', per: 'address' },
    { limit: 0, window: '1s', per: 'route' },
  ],
  invalid: [
    {},
    { limit: -1, window: '1m' },
    { limit: 1, window: '1 minute' },
    { limit: 1, window: '1m', per: 'planet' },
  ],
});

policyConformance(headers as never, {
  valid: [
    {},
    { request: { set: { 'x-a': '1' }, remove: ['x-b'] } },
    { response: { set: { 'cache-control': 'no-store' }, remove: ['server'] } },
  ],
  invalid: [
    { request: { set: { 'x a': '1' } } },
    { request: { set: { 'x-a': 'one\r\nx-evil: 1' } } },
    { response: { set: { 'transfer-encoding': 'chunked' } } },
    { request: { remove: ['Content-Length'] } },
    { both: {} },
  ],
});

it('every folder of plugins/ is a policy that the gateway loads', async () => {
  const folders = readdirSync(new URL('../../plugins', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect([...(await loadPolicies()).keys()].sort()).toEqual(folders.sort());
});
