import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Saturated, type Saturation, saturate } from '../harness/saturation.ts';
import { readingOf } from '../harness/saturation-report.ts';
import type { Call, Case, Findings, Subject, Suite } from '../harness/suite.ts';
import {
  API_KEY,
  gatewayAmong,
  HEADERS,
  loggingGateway,
  type PolicyEntry,
  plainGateway,
  RATE_LIMIT,
} from './gateway.ts';
import { GET_1KB, POST_1KB, POST_100KB } from './messages.ts';
import { type RouteSubject, routesOfOne, settingsOfRoutes } from './routes-of-one.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT =
  'what each policy of API routes costs by itself: CPU of a request more than without it, at saturation';

const CONNECTIONS = 64;

const PASSWORD = 'bench-password-0123456789';
const SCHEMA = {
  type: 'object',
  required: ['label', 'text'],
  properties: { label: { type: 'string' }, text: { type: 'string' } },
};

const limit = (algorithm: string): PolicyEntry => ({
  'rate-limit': { limit: 1_000_000_000, window: '1h', algorithm, per: 'address' },
});

/** A route for each policy; those that stand on another have that too. */
async function policyRoutes(): Promise<RouteSubject[]> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const token = await new SignJWT({ sub: 'storefront' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer('https://issuer.example')
    .setAudience('bench')
    .setExpirationTime('12h')
    .sign(privateKey);
  const sha256 = createHash('sha256').update(PASSWORD).digest('hex');
  const basic = { users: [{ name: 'machine', sha256, consumer: 'storefront' }] };
  const jwt = {
    issuer: 'https://issuer.example',
    audience: 'bench',
    algorithms: ['ES256'],
    jwks: { keys: [jwk] },
  };
  const password = `Basic ${Buffer.from(`machine:${PASSWORD}`).toString('base64')}`;
  const route = (name: string, ...policies: PolicyEntry[]): RouteSubject => ({ name, policies });
  return [
    route(PLAIN),
    route(KEY, API_KEY),
    { ...route('auth-basic', { 'auth-basic': basic }), headers: { authorization: password } },
    { ...route('auth-jwt', { 'auth-jwt': jwt }), headers: { authorization: `Bearer ${token}` } },
    route('auth-any', { 'auth-any': [API_KEY, { 'auth-basic': basic }] as never }),
    route('ip-allow', { 'ip-allow': { allow: ['127.0.0.0/8'] } }),
    route('cors', { cors: { origins: ['https://shop.example'] } }),
    route('rate-limit, fixed window', limit('fixed-window')),
    route('rate-limit, sliding window', limit('sliding-window')),
    route('rate-limit, token bucket', limit('token-bucket')),
    route('headers', HEADERS),
    route('query', { query: { remove: ['debug'], set: { source: 'gateway' } } }),
    route('body-schema', { 'body-schema': { request: SCHEMA } }),
    route('body-schema, request and response', { 'body-schema': { request: SCHEMA, response: SCHEMA } }),
    route('contract', { contract: { query: ['page'], responses: { 200: ['application/json'] } } }),
    route('transform-body', { 'transform-body': { request: { set: { '/channel': 'web' } } } }),
    route('lifecycle', { lifecycle: { deprecated: '2026-11-01T00:00:00Z' } }),
    route('response-cache, POST', { 'response-cache': { ttl: '1h' } }),
    route(`${KEY} and authorize`, API_KEY, { authorize: { groups: ['web'] } }),
    route(`${KEY} and rate-limit`, API_KEY, RATE_LIMIT),
  ];
}

const PLAIN = 'no policy';
const KEY = 'auth-api-key';
/** What these cost grows with the body. */
const READ_BODIES = ['body-schema', 'transform-body'];
/** These do nothing for a request without one; an answer to GET comes from the cache. */
const OF_POSTS = new Set([...READ_BODIES, 'response-cache']);
const isOfPosts = (policies: readonly PolicyEntry[]): boolean =>
  policies.flatMap(Object.keys).some((policy) => OF_POSTS.has(policy));
const CACHE: RouteSubject = { name: 'response-cache, hits', policies: [{ 'response-cache': { ttl: '1h' } }] };

/** What a production route has, in the order in which it runs: each subject has one more than the one before. */
const STACK: readonly PolicyEntry[] = [
  { 'ip-allow': { allow: ['127.0.0.0/8'] } },
  { cors: { origins: ['https://shop.example'] } },
  API_KEY,
  { authorize: { groups: ['web'] } },
  RATE_LIMIT,
  { 'body-schema': { request: SCHEMA } },
  HEADERS,
];
const stacked: readonly RouteSubject[] = STACK.map((policy, place) => ({
  name: `+ ${Object.keys(policy)[0]}`,
  policies: STACK.slice(0, place + 1),
}));

const planOf = (asked: Case, subjects: readonly Subject[], pairs: Saturation['pairs']): Saturation => ({
  name: 'policies',
  what: WHAT,
  connections: CONNECTIONS,
  cases: [asked],
  subjects,
  pairs,
  upstream: itemsUpstream(),
  sharesProcesses: true,
});

/** Each with the one that it is compared with: what it stands on, or else nothing. */
const pairsOf = (names: readonly string[]): Saturation['pairs'] =>
  names
    .filter((name) => name !== PLAIN)
    .map((subject) => ({ subject, against: subject.startsWith(`${KEY} and`) ? KEY : PLAIN }));

/** Each with the one before. */
const stepsOf = (names: readonly string[]): Saturation['pairs'] =>
  names.slice(1).map((subject, place) => ({ subject, against: names[place] as string }));

const PLUGINS = new URL('../../plugins/', import.meta.url);

/** Policies that no route has. Those within `auth-any` are others' own as well. */
export function leftOut(routes: readonly RouteSubject[]): string[] {
  const measured = new Set(routes.flatMap(({ policies }) => policies.flatMap(Object.keys)));
  return readdirSync(PLUGINS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !measured.has(entry.name))
    .map(({ name }) => name);
}

async function run(call: Call): Promise<Findings> {
  const routes = await policyRoutes();
  const measured = (asked: Case, some: readonly RouteSubject[], pairs = pairsOf): Promise<Saturated> =>
    saturate(planOf(asked, routesOfOne(some), pairs(some.map(({ name }) => name))), call);
  const posts = await measured(POST_1KB, routes);
  const large = await measured(
    POST_100KB,
    routes.filter(({ name }) => [PLAIN, ...READ_BODIES].includes(name)),
  );
  const gets = await measured(GET_1KB, [...routes.filter(({ policies }) => !isOfPosts(policies)), CACHE]);
  const stack = await measured(POST_1KB, [{ name: PLAIN, policies: [] }, ...stacked], stepsOf);
  const plain = plainGateway();
  const processes = [plain, loggingGateway(), gatewayAmong(call.effort.isSmoke ? 100 : 10_000)];
  const whole = await saturate(
    planOf(
      POST_1KB,
      processes,
      processes.slice(1).map(({ name }) => ({ subject: name, against: plain.name })),
    ),
    call,
  );
  const parts: readonly Saturated[] = [posts, large, gets, stack, whole];
  return {
    ...posts,
    facts: [
      ...posts.facts,
      `the routes are those of one process: ${settingsOfRoutes(routes)}`,
      `not measured: ${leftOut([...routes, CACHE]).join(', ')} (auth-mtls needs TLS, the others stand before models); bodies of 100 kB but with those that read them; requests by GET with those that read bodies`,
    ],
    subjects: [
      ...posts.subjects,
      ...gets.subjects.filter(({ name }) => name === CACHE.name),
      ...stack.subjects.filter(({ name }) => name !== PLAIN),
      ...whole.subjects,
    ],
    missing: parts.flatMap(({ missing }) => missing),
    sections: [
      ...posts.sections,
      ...large.sections,
      ...gets.sections,
      ...under('one policy after the other', stack),
      ...under('processes of their own', whole),
    ],
    reading: readingOf(
      { connections: CONNECTIONS },
      parts.flatMap(({ data }) => data.tables),
    ),
    bottlenecks: parts.flatMap(({ bottlenecks }) => bottlenecks),
    data: { posts: posts.data, large: large.data, gets: gets.data, stack: stack.data, processes: whole.data },
  };
}

/** The tables of a part of the run, which its headings name. */
const under = (part: string, { sections }: Saturated): string[] =>
  sections.map((section) => section.replace(/^## /, `## ${part}: `));

/** A table with a row a policy. */
export const policiesSuite = (): Suite => ({ name: 'policies', what: WHAT, run });
