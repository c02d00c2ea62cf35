// A shop and a support bot in virtual time: requests as the gateway's own exchanges, with nothing wrong but what is usual.
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { Chance } from './chance.ts';

/** An exchange that may be made worse before it is recorded. */
export type Drawn = { -readonly [K in keyof Exchange]: Exchange[K] } & {
  ai: null | NonNullable<Exchange['ai']>;
};

export const TARGETS = ['a', 'b', 'c', 'd'].map((name) => `http://catalog-${name}.internal:8080`);
const PAYMENT = ['http://payment-1.internal:8080', 'http://payment-2.internal:8080'];
export const REGIONS = ['eu', 'us', 'apac'];
const APPS = ['web', 'ios', 'android'];
const CONSUMERS = Array.from({ length: 10 }, (_, i) => `consumer-${i + 1}`);
const USERS = 400;
/** What is usual: errors, and times of API routes and models (log-normal). */
const ERRORS = 0.002;
const SPREAD = 0.45;

interface RouteKind {
  readonly name: string;
  readonly upstream: string;
  readonly targets: readonly string[];
  readonly share: number;
  readonly medianMs: number;
}

const ROUTES: readonly RouteKind[] = [
  { name: 'products', upstream: 'catalog', targets: TARGETS, share: 0.34, medianMs: 60 },
  { name: 'search', upstream: 'catalog', targets: TARGETS, share: 0.16, medianMs: 90 },
  { name: 'cart', upstream: 'catalog', targets: TARGETS, share: 0.14, medianMs: 40 },
  { name: 'checkout', upstream: 'payment', targets: PAYMENT, share: 0.08, medianMs: 150 },
  { name: 'refunds', upstream: 'payment', targets: PAYMENT, share: 0.04, medianMs: 130 },
  {
    name: 'recommendations',
    upstream: 'recommendations',
    targets: ['http://recommendations.internal:8080'],
    share: 0.06,
    medianMs: 80,
  },
];
/** The rest are calls to the model `support`. */
const DEPLOYMENTS = [
  { provider: 'primary', model: 'gpt-4o-mini', version: 'v2', share: 0.55, usd: 0.0004 },
  { provider: 'primary', model: 'gpt-4o', version: 'v1', share: 0.15, usd: 0.004 },
  { provider: 'backup', model: 'claude-haiku-4-5', version: 'v1', share: 0.3, usd: 0.001 },
];

export const PROMPT = 'classify-ticket';
let count = 0;

/** One request of the ordinary kind, that ends at `at`. */
export function draw(chance: Chance, at: number, revision: number): Drawn {
  const user = chance.below(USERS);
  const base = exchangeAt(at, revision);
  base.consumer = CONSUMERS[chance.below(CONSUMERS.length)] as string;
  base.client = `10.0.${base.consumer.length % 3}.${CONSUMERS.indexOf(base.consumer)}${user % 4}`;
  base.headers = {
    'x-region': REGIONS[chance.weighted([0.5, 0.35, 0.15])] as string,
    'x-client-app': APPS[user % 3] as string,
    'x-user-id': `user-${user}`,
    'x-session-id': `session-${user}-${chance.below(3)}`,
  } as Drawn['headers'];
  const which = chance.weighted([...ROUTES.map(({ share }) => share), 0.18]);
  const kind = ROUTES[which];
  if (kind) api(base, kind, chance);
  else model(base, chance);
  if (chance.next() < ERRORS) fail(base, chance.next() < 0.5 ? 'upstream_5xx' : 'upstream_timeout', 502);
  else if (chance.next() < 0.01) fail(base, 'upstream_4xx', 404);
  return base;
}

/** Makes an exchange end badly. */
export function fail(exchange: Drawn, reason: string, status: number): void {
  exchange.reason = reason;
  exchange.status = status;
  if (exchange.ai) exchange.ai.outcome = reason === 'upstream_timeout' ? 'upstream_timeout' : 'upstream_5xx';
}

function api(exchange: Drawn, { name, upstream, targets, medianMs }: RouteKind, chance: Chance): void {
  exchange.route = name;
  exchange.path = `/api/v1/${name}`;
  exchange.upstream = upstream;
  exchange.target = targets[chance.below(targets.length)] as string;
  exchange.durationMs = medianMs * Math.exp(SPREAD * chance.normal());
  exchange.attempts = 1;
  if (name !== 'products') return;
  exchange.cache = chance.next() < 0.6 ? 'hit' : 'miss';
  if (exchange.cache !== 'hit') return;
  exchange.target = '';
  exchange.upstream = '';
  exchange.attempts = 0;
  exchange.durationMs = 2 * Math.exp(SPREAD * chance.normal());
  exchange.cacheAgeMs = chance.next() * 29_000;
}

export function model(exchange: Drawn, chance: Chance): void {
  const deployment = DEPLOYMENTS[
    chance.weighted(DEPLOYMENTS.map(({ share }) => share))
  ] as (typeof DEPLOYMENTS)[0];
  const isPrompt = chance.next() < 0.4;
  const tokensIn = Math.round((isPrompt ? 120 : 900) * Math.exp(0.5 * chance.normal()));
  const tokensOut = Math.max(1, Math.round((isPrompt ? 6 : 180) * Math.exp(0.5 * chance.normal())));
  const firstTokenMs = 350 * Math.exp(SPREAD * chance.normal());
  exchange.route = 'ai';
  exchange.method = 'POST';
  exchange.path = isPrompt ? `/v1/prompts/${PROMPT}` : '/v1/chat/completions';
  exchange.upstream = deployment.provider;
  exchange.target = `${deployment.provider}/${deployment.model}`;
  exchange.durationMs = firstTokenMs + tokensOut * 12 * Math.exp(0.3 * chance.normal());
  exchange.bytesIn = tokensIn * 4 + chance.below(4000);
  exchange.attempts = 1;
  exchange.ai = {
    operation: 'chat',
    model: 'support',
    provider: deployment.provider,
    providerKey: '',
    upstreamModel: deployment.model,
    version: deployment.version,
    prompt: isPrompt ? PROMPT : '',
    promptVersion: isPrompt ? '2' : '',
    repaired: false,
    digest: 0,
    stream: !isPrompt,
    tokensIn,
    tokensOut,
    tokensCached: 0,
    usd: deployment.usd * (tokensIn + 4 * tokensOut) * 0.001,
    firstTokenMs,
    msPerToken: 12,
    longestGapMs: 40,
    confidence: -1,
    language: 'english',
    tool: '',
    finishReason: 'stop',
    usageSource: 'reported',
    savedUsd: -1,
    outcome: 'complete',
  };
}

export function exchangeAt(at: number, revision: number): Drawn {
  count++;
  return {
    id: `r-${count.toString(36).padStart(8, '0')}`,
    traceId: '0'.repeat(32),
    spanId: '0'.repeat(16),
    traceFlags: '01',
    startedAt: at,
    started: 0,
    method: 'GET',
    path: '/',
    upstreamPath: '',
    query: '',
    headers: {},
    client: '',
    consumer: '',
    consumerGroups: [],
    consumerClaims: {},
    consumerKey: 'k1',
    route: '',
    routeVersion: '',
    priority: '',
    deprecated: false,
    breaches: null,
    guards: null,
    shape: 'problem',
    isGrpc: false,
    grpcStatus: -1,
    retryRefused: null,
    status: 200,
    reason: 'ok',
    bytesIn: 0,
    bytesOut: 2000,
    durationMs: 0,
    queuedMs: 0,
    upstreamMs: -1,
    upstream: '',
    variant: '',
    target: '',
    attempts: 0,
    failedAttempts: [],
    retries: 0,
    hedge: '',
    breaker: '',
    fallback: '',
    unusedFallback: '',
    cache: '',
    cacheAgeMs: -1,
    purpose: '',
    causedBy: '',
    revision,
    ai: null,
    context: null,
    mcp: null,
  };
}
