import { Type } from 'typebox';
import { UpstreamTls } from './tls.ts';
import { ByName, Duration, HttpUrl, OneOf, Percent, Strict } from './units.ts';

export const Target = Strict({
  url: HttpUrl({ description: 'Origin of one instance, with a base path if need be.' }),
  weight: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 1 }),
  labels: Type.Record(Type.String(), Type.String(), { default: {} }),
});

export const Breaker = Strict({
  errorRate: Percent({ default: '50%' }),
  minRequests: Type.Integer({ minimum: 1, default: 20 }),
  window: Duration({ default: '10s' }),
  open: Duration({ default: '5s' }),
});

export const UpstreamTimeouts = Strict(
  {
    connect: Duration({ default: '2s', description: 'To open a connection.' }),
    response: Duration({ default: '30s', description: 'From the request sent to the response head.' }),
    idle: Duration({ default: '60s', description: 'Longest silence inside a response body.' }),
  },
  { default: {} },
);

export const Upstream = Strict({
  targets: Type.Array(Target, { minItems: 1 }),
  balance: OneOf(['round-robin', 'random', 'least-requests', 'ewma', 'hash'], { default: 'round-robin' }),
  host: OneOf(['client', 'target'], {
    default: 'client',
    description: 'The Host header that the upstream sees: the one the client sent, or the target’s own.',
  }),
  tls: Type.Optional(UpstreamTls),
  health: Type.Optional(
    Strict({
      path: Type.String({ pattern: '^/', default: '/healthz' }),
      interval: Duration({ default: '5s' }),
      timeout: Duration({ default: '1s' }),
      healthy: Type.Integer({ minimum: 1, default: 2 }),
      unhealthy: Type.Integer({ minimum: 1, default: 2 }),
    }),
  ),
  outlier: Type.Optional(
    Strict({
      consecutiveFailures: Type.Integer({ minimum: 1, default: 5 }),
      eject: Duration({ default: '30s' }),
      maxEjected: Percent({ default: '50%' }),
    }),
  ),
  breaker: Type.Optional(Breaker),
  retry: Type.Optional(
    Strict({
      attempts: Type.Integer({ minimum: 1, maximum: 10, default: 2 }),
      on: Type.Array(
        Type.Unsafe<number | 'connect' | 'reset' | 'timeout'>({
          anyOf: [{ enum: ['connect', 'reset', 'timeout'] }, { type: 'integer', minimum: 400, maximum: 599 }],
        }),
        { default: ['connect', 'reset'] },
      ),
      budget: Percent({ default: '20%' }),
    }),
  ),
  timeouts: UpstreamTimeouts,
});

export const Upstreams = ByName(Upstream, { default: {} });
