import { createHash } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Saturation, saturate } from '../harness/saturation.ts';
import type { Call, Case, Findings, Subject, Suite } from '../harness/suite.ts';
import {
  API_KEY,
  gatewayAmong,
  gatewayWith,
  HEADERS,
  type PolicyEntry,
  plainGateway,
  RATE_LIMIT,
} from './gateway.ts';
import { GET_1KB, POST_1KB } from './messages.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT =
  'what each policy of API routes costs by itself: CPU of a request more than without it, at saturation';

const PASSWORD = 'bench-password-0123456789';
const SCHEMA = {
  type: 'object',
  required: ['label', 'text'],
  properties: { label: { type: 'string' }, text: { type: 'string' } },
};

const limit = (algorithm: string): PolicyEntry => ({
  'rate-limit': { limit: 1_000_000_000, window: '1h', algorithm, per: 'address' },
});

/** Every subject with one policy; those that stand on another have that too. */
async function policies(routes: number): Promise<{ alone: Subject[]; onKey: Subject[] }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const token = await new SignJWT({ sub: 'storefront' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer('https://issuer.example')
    .setAudience('bench')
    .setExpirationTime('12h')
    .sign(privateKey);
  const bearing = (authorization: string, subject: Subject): Subject => ({
    ...subject,
    headers: () => ({ authorization }),
  });
  const sha256 = createHash('sha256').update(PASSWORD).digest('hex');
  const basic = { users: [{ name: 'machine', sha256, consumer: 'storefront' }] };
  const jwt = {
    issuer: 'https://issuer.example',
    audience: 'bench',
    algorithms: ['ES256'],
    jwks: { keys: [jwk] },
  };
  const alone = [
    gatewayWith('auth-api-key', [API_KEY]),
    bearing(
      `Basic ${Buffer.from(`machine:${PASSWORD}`).toString('base64')}`,
      gatewayWith('auth-basic', [{ 'auth-basic': basic }]),
    ),
    bearing(`Bearer ${token}`, gatewayWith('auth-jwt', [{ 'auth-jwt': jwt }])),
    gatewayWith('auth-any', [{ 'auth-any': [API_KEY, { 'auth-basic': basic }] as never }]),
    gatewayWith('ip-allow', [{ 'ip-allow': { allow: ['127.0.0.0/8'] } }]),
    gatewayWith('cors', [{ cors: { origins: ['https://shop.example'] } }]),
    gatewayWith('rate-limit, fixed window', [limit('fixed-window')]),
    gatewayWith('rate-limit, sliding window', [limit('sliding-window')]),
    gatewayWith('rate-limit, token bucket', [limit('token-bucket')]),
    gatewayWith('headers', [HEADERS]),
    gatewayWith('query', [{ query: { remove: ['debug'], set: { source: 'gateway' } } }]),
    gatewayWith('body-schema', [{ 'body-schema': { request: SCHEMA } }]),
    gatewayWith('body-schema, request and response', [
      { 'body-schema': { request: SCHEMA, response: SCHEMA } },
    ]),
    gatewayWith('contract', [{ contract: { query: ['page'], responses: { 200: ['application/json'] } } }]),
    gatewayWith('transform-body', [{ 'transform-body': { request: { set: { '/channel': 'web' } } } }]),
    gatewayWith('lifecycle', [{ lifecycle: { deprecated: '2026-11-01T00:00:00Z' } }]),
    gatewayWith('response-cache, POST', [{ 'response-cache': { ttl: '1h' } }]),
    gatewayWith('access log', [], 'info'),
    gatewayAmong(routes),
  ];
  const onKey = [
    gatewayWith('auth-api-key and authorize', [API_KEY, { authorize: { groups: ['web'] } }]),
    gatewayWith('auth-api-key and rate-limit', [API_KEY, RATE_LIMIT]),
  ];
  return { alone, onKey };
}

const planOf = (asked: Case, subjects: readonly Subject[], pairs: Saturation['pairs']): Saturation => ({
  name: 'policies',
  what: WHAT,
  connections: 64,
  cases: [asked],
  subjects,
  pairs,
  upstream: itemsUpstream(),
});

async function run(call: Call): Promise<Findings> {
  const plain = plainGateway();
  const { alone, onKey } = await policies(call.effort.isSmoke ? 100 : 10_000);
  const key = alone[0] as Subject;
  const pair = (subject: Subject, against: Subject) => ({ subject: subject.name, against: against.name });
  const posts = await saturate(
    planOf(
      POST_1KB,
      [plain, ...alone, ...onKey],
      [...alone.map((each) => pair(each, plain)), ...onKey.map((each) => pair(each, key))],
    ),
    call,
  );
  const cache = gatewayWith('response-cache, hits', [{ 'response-cache': { ttl: '1h' } }]);
  const gets = await saturate(planOf(GET_1KB, [plain, cache], [pair(cache, plain)]), call);
  return {
    ...posts,
    subjects: [...posts.subjects, cache],
    sections: [...posts.sections, ...gets.sections],
    bottlenecks: [...posts.bottlenecks, ...gets.bottlenecks],
    data: { posts: posts.data, gets: gets.data },
  };
}

/** A table with a row a policy. */
export const policiesSuite = (): Suite => ({ name: 'policies', what: WHAT, run });
