import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import authApiKey from '../../plugins/auth-api-key/index.ts';
import authBasic from '../../plugins/auth-basic/index.ts';
import authJwt from '../../plugins/auth-jwt/index.ts';
import authMtls from '../../plugins/auth-mtls/index.ts';
import authorize from '../../plugins/authorize/index.ts';
import bodySchema from '../../plugins/body-schema/index.ts';
import contract from '../../plugins/contract/index.ts';
import cors from '../../plugins/cors/index.ts';
import denyTopics from '../../plugins/deny-topics/index.ts';
import guardWebhook from '../../plugins/guard-webhook/index.ts';
import headers from '../../plugins/headers/index.ts';
import ipAllow from '../../plugins/ip-allow/index.ts';
import jsonSchema from '../../plugins/json-schema/index.ts';
import lifecycle from '../../plugins/lifecycle/index.ts';
import maxTokens from '../../plugins/max-tokens/index.ts';
import promptGuard from '../../plugins/prompt-guard/index.ts';
import query from '../../plugins/query/index.ts';
import rateLimit from '../../plugins/rate-limit/index.ts';
import redact from '../../plugins/redact/index.ts';
import responseCache from '../../plugins/response-cache/index.ts';
import transformBody from '../../plugins/transform-body/index.ts';
import { loadPolicies } from '../../src/server/policies.ts';
import { policyConformance } from './policy-suite.ts';

policyConformance(responseCache as never, {
  valid: [
    { ttl: '30s' },
    { ttl: '0s', staleIfError: '5m', vary: ['accept-language'], store: 'shared', tags: ['shop'] },
  ],
  invalid: [
    {},
    { ttl: 30 },
    { ttl: '30s', vary: ['a b'] },
    { ttl: '30s', store: 'disk' },
    { ttl: '30s', tags: [''] },
  ],
});

policyConformance(authApiKey as never, {
  valid: [{}, { header: 'x-token', forward: true }],
  invalid: [{ header: 'X Key' }, { heeder: 'x-api-key' }, { forward: 'yes' }],
});

policyConformance(authBasic as never, {
  valid: [
    { users: [{ name: 'job', sha256: 'ab'.repeat(32), consumer: 'somebody' }] },
    {
      realm: 'the shop',
      forward: true,
      users: [
        { name: 'jöb 1', sha256: 'ab'.repeat(32), consumer: 'somebody' },
        { name: 'job 2', sha256: 'cd'.repeat(32), consumer: 'somebody' },
      ],
    },
  ],
  invalid: [
    {},
    { users: [] },
    { users: [{ name: 'job', sha256: 'ab'.repeat(32), consumer: 'nobody' }] },
    { users: [{ name: 'job', sha256: 'AB'.repeat(32), consumer: 'somebody' }] },
    { users: [{ name: 'job', password: 'plain', consumer: 'somebody' }] },
    { users: [{ name: 'a:b', sha256: 'ab'.repeat(32), consumer: 'somebody' }] },
    { realm: 'a"b', users: [{ name: 'job', sha256: 'ab'.repeat(32), consumer: 'somebody' }] },
    {
      users: [
        { name: 'job', sha256: 'ab'.repeat(32), consumer: 'somebody' },
        { name: 'job', sha256: 'cd'.repeat(32), consumer: 'somebody' },
      ],
    },
  ],
});

const issuer = { issuer: 'https://id.example.com', audience: 'shop' };
const jwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  kid: 'k1',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};

policyConformance(authJwt as never, {
  valid: [
    { ...issuer, jwks: { keys: [jwk] } },
    // Port 9 of loopback: nobody listens there.
    {
      issuer: 'http://127.0.0.1:9/realm',
      audience: 'shop',
      discovery: true,
      jwksOrigins: ['https://keys.example.com'],
    },
    { ...issuer, jwksUri: 'http://127.0.0.1:9/jwks.json' },
    {
      issuer: 'https://id.example.com',
      audience: ['shop', 'bot'],
      jwks: { keys: [jwk] },
      algorithms: ['EdDSA'],
      consumerClaim: 'azp',
      groupsClaim: 'realm_access.roles',
      required: { email_verified: ['true'] },
      configuredConsumers: true,
      forward: false,
    },
  ],
  invalid: [
    {},
    issuer,
    { issuer: 'https://id.example.com', jwks: { keys: [jwk] } },
    { audience: 'shop', jwks: { keys: [jwk] } },
    { ...issuer, jwks: { keys: [jwk] }, jwksUri: 'http://127.0.0.1:9/jwks.json' },
    { ...issuer, jwks: { keys: [] } },
    { ...issuer, jwks: { keys: [{ ...jwk, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }] } },
    { ...issuer, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
    { ...issuer, jwks: { keys: [{ kty: 'RSA', n: '!', e: 'AQAB' }] } },
    { ...issuer, jwksUri: 'http://id.example.com/jwks.json' },
    { ...issuer, jwksUri: 'http://127.0.0.1.example.com/jwks.json' },
    { ...issuer, jwksUri: 'https://me:secret@id.example.com/jwks.json' },
    { ...issuer, jwksUri: 'file:///etc/jwks.json' },
    ...[['none'], ['HS256'], ['RS256', 'HS512'], []].map((algorithms) => ({
      ...issuer,
      jwks: { keys: [jwk] },
      algorithms,
    })),
    { ...issuer, discovery: true, jwks: { keys: [jwk] } },
    { ...issuer, discovery: true, jwksUri: 'https://id.example.com/keys' },
    { issuer: 'my issuer', audience: 'shop', discovery: true },
    { issuer: 'http://id.example.com', audience: 'shop', discovery: true },
    { issuer: 'https://id.example.com/?tenant=1', audience: 'shop', discovery: true },
    { ...issuer, discovery: true, jwksOrigins: ['http://keys.example.com'] },
    { ...issuer, jwks: { keys: [jwk] }, clockSkew: 30 },
    { ...issuer, jwks: { keys: [jwk] }, consumerPrefix: 'a:b' },
  ],
});

policyConformance(authMtls as never, { valid: [{}], invalid: [{ header: 'x-client-cert' }] });

policyConformance(authorize as never, {
  valid: [
    { groups: ['staff'] },
    { consumers: ['somebody', 'jwt:alice'] },
    { groups: ['staff'], consumers: ['somebody'], methods: ['GET'], paths: ['/', '/admin'] },
    { claims: { tier: ['gold'], 'realm.role': ['a', 'b'] } },
  ],
  invalid: [
    {},
    { groups: [] },
    { claims: {} },
    { claims: { tier: [] } },
    { methods: ['GET'] },
    { groups: ['staff'], methods: ['get'] },
    { groups: ['staff'], paths: ['admin'] },
    { groups: ['staff'], paths: ['/%61dmin'] },
    { group: ['staff'] },
  ],
});

policyConformance(ipAllow as never, {
  valid: [
    {},
    { allow: ['127.0.0.1'] },
    { allow: ['10.0.0.0/8', '2001:db8::/32'], deny: ['10.1.2.3', '::ffff:10.9.0.0/112'] },
    { deny: ['0.0.0.0/0'] },
  ],
  invalid: [
    { allow: [] },
    { allow: ['10.0.0.0/33'] },
    { allow: ['10.0.0/8'] },
    { deny: ['2001:db8::/129'] },
    { deny: ['::ffff:10.0.0.0/8'] },
    { deny: ['10.0.0.0/'] },
    { deny: ['10.0.0.0/8/8'] },
    { deny: ['10.0.0.0/-1'] },
    { deny: ['fe80::%eth0/64'] },
    { deny: ['example.com'] },
    { block: ['10.0.0.0/8'] },
  ],
});

policyConformance(rateLimit as never, {
  valid: [
    { limit: 10, window: '1m' },
    { limit: 10, window: '1m', per: 'address' },
    { limit: 0, window: '1s', per: 'route' },
    { limit: 10, window: '1m', algorithm: 'sliding-window', per: 'consumer + header:X-Tenant' },
    { limit: 10, window: '1m', algorithm: 'token-bucket', burst: 20, per: 'header:x-tenant+address+route' },
    { quota: { limit: 1000, per: 'day' } },
    {
      limit: 10,
      window: '1s',
      quota: { limit: 1000, per: 'month' },
      limits: [{ name: 'tenants', limit: 5, window: '1s', per: 'header:x-tenant' }],
    },
    { limits: [{ limit: 5, window: '1s' }, { quota: { limit: 10, per: 'day' } }] },
  ],
  invalid: [
    {},
    { limit: -1, window: '1m' },
    { limit: 1, window: '1 minute' },
    ...['planet', 'consumer + planet', 'header:', 'header:a b', 'consumer +', 'address + address'].map(
      (per) => ({ limit: 1, window: '1m', per }),
    ),
    { limit: 1 },
    { window: '1m' },
    { limit: 1, window: '1m', algorithm: 'leaky' },
    { limit: 1, window: '1m', burst: 2 },
    { limit: 0, window: '1m', algorithm: 'token-bucket' },
    { limit: 1, window: '1m', algorithm: 'token-bucket', burst: 0 },
    { quota: { limit: 1, per: 'year' } },
    { quota: { per: 'day' } },
    { limits: [] },
    { limits: [{}] },
    { limits: [{ limit: 1, window: '1m', limits: [] }] },
    {
      limits: [
        { name: 'a', limit: 1, window: '1m' },
        { name: 'a', limit: 2, window: '1h' },
      ],
    },
  ],
});

policyConformance(redact as never, {
  valid: [{}, { kinds: ['email'], patterns: { ticket: 'T-\\d{6}' }, answers: false, mode: 'report' }],
  invalid: [{ kinds: ['name'] }, { patterns: { ticket: '(' } }, { patterns: { email: 'x' } }],
});
policyConformance(denyTopics as never, {
  valid: [
    { topics: [{ name: 'a', words: ['b'] }] },
    { topics: [{ name: 'a', patterns: ['b+'] }], on: 'answers' },
  ],
  invalid: [{}, { topics: [] }, { topics: [{ name: 'a' }] }, { topics: [{ name: 'a', patterns: ['('] }] }],
});
policyConformance(promptGuard as never, {
  valid: [{}, { threshold: 0.5, roles: ['tool'], mode: 'report' }],
  invalid: [{ threshold: 0 }, { roles: [] }],
});
policyConformance(guardWebhook as never, {
  valid: [
    { url: 'http://127.0.0.1:1/guard' },
    { url: 'https://guard.example/v1', token: 'x', onFailure: 'allow' },
  ],
  invalid: [{}, { url: 'ftp://x' }, { url: 'http://127.0.0.1:99999/' }],
});
policyConformance(jsonSchema as never, {
  valid: [{ schema: { type: 'object' } }, { schema: true, models: ['smart'], largest: 10, mode: 'report' }],
  invalid: [{}, { schema: { type: 'nothing' } }, { schema: {}, models: [] }],
});
policyConformance(maxTokens as never, { valid: [{ limit: 100 }], invalid: [{}, { limit: 0 }] });
policyConformance(cors as never, {
  valid: [
    { origins: ['*'] },
    {
      origins: ['https://shop.example', 'https://*.shop.example:8443', 'http://localhost:3000'],
      methods: ['GET'],
      headers: ['X-Api-Key', '*'],
      expose: ['ratelimit'],
      credentials: true,
      maxAge: '1h',
    },
  ],
  invalid: [
    {},
    { origins: [] },
    { origins: ['*'], credentials: true },
    { origins: ['https://a.example', '*'], credentials: true },
    ...[
      'null',
      'shop.example',
      'https://shop.example/',
      'https://Shop.example',
      'https://shop.example:443',
      'https://me@shop.example',
      'https://*',
      'https://*shop.example',
      'https://*.*.example',
      'https://shop.example/*',
      '.*',
    ].map((origin) => ({ origins: [origin] })),
    { origins: ['*'], headers: ['x y'] },
    { origins: ['*'], methods: ['get'] },
  ],
});

policyConformance(headers as never, {
  valid: [
    {},
    { request: { set: { 'x-a': '1' }, remove: ['x-b'] } },
    { response: { set: { 'cache-control': 'no-store' }, remove: ['server'] } },
    { request: { rename: { 'x-a': 'x-b' }, add: { 'x-c': '{{consumer}} {{path.id}}' } } },
  ],
  invalid: [
    { request: { set: { 'x a': '1' } } },
    { request: { set: { 'x-a': 'one\r\nx-evil: 1' } } },
    { response: { set: { 'transfer-encoding': 'chunked' } } },
    { request: { remove: ['Content-Length'] } },
    { request: { rename: { 'x-a': 'Transfer-Encoding' } } },
    { request: { add: { te: 'trailers' } } },
    { request: { set: { 'x-a': '{{nobody}}' } } },
    { both: {} },
  ],
});

policyConformance(query as never, {
  valid: [{}, { remove: ['a'], rename: { b: 'c' }, set: { d: '{{consumer}}' }, add: { e: '1' } }],
  invalid: [{ remove: 'a' }, { set: { a: 1 } }, { set: { a: '{{path.nobody}}' } }, { drop: ['a'] }],
});

policyConformance(bodySchema as never, {
  valid: [
    {},
    { request: { type: 'object' }, response: true, mode: 'report', limit: '64kb' },
    { responses: { 200: { type: 'array' }, '4XX': {}, default: {} }, required: false },
  ],
  invalid: [
    { request: 'object' },
    { request: { type: 'objekt' } },
    { response: { $ref: 'https://example.com/x' } },
    { responses: { 700: {} } },
    { responses: { 200: { pattern: '(' } } },
    { mode: 'warn' },
  ],
});

policyConformance(transformBody as never, {
  valid: [
    {},
    { request: { remove: ['/a'], set: { '/b/c': { d: '{{consumer}}' } } } },
    { response: { rename: { '/a': 'b' }, move: { '/a/b': '/c' }, status: { 404: 204 } } },
  ],
  invalid: [
    { request: { remove: ['a'] } },
    { request: { set: { '/a': ['{{nobody}}'] } } },
    { request: { move: { '/*/a': '/b' } } },
    { response: { status: { 404: 100 } } },
    { response: { status: { 101: 200 } } },
  ],
});

policyConformance(contract as never, {
  valid: [{}, { query: [] }, { query: ['page'], responses: { 200: ['application/json'], default: [] } }],
  invalid: [{ query: 'page' }, { responses: {} }, { responses: { 999: [] } }],
});

policyConformance(lifecycle as never, {
  valid: [
    { deprecated: '2026-01-01T00:00:00Z', sunset: '2126-06-30T00:00:00Z', link: 'https://example.com/x' },
  ],
  invalid: [
    {},
    { deprecated: true },
    { deprecated: 'soon' },
    { sunset: '2026-01-01T00:00:00Z', link: 'https://example.com/>; rel="x' },
    { deprecated: '2026-02-01T00:00:00Z', sunset: '2026-01-01T00:00:00Z' },
  ],
});

it('every folder of plugins/ is a policy that the gateway loads, beside the one that is made of others', async () => {
  const folders = readdirSync(new URL('../../plugins', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect([...(await loadPolicies()).keys()].sort()).toEqual([...folders, 'auth-any'].sort());
});
