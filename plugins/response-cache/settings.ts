import { type Static, Type } from 'typebox';

const duration = (description: string, options: { default?: string } = {}) =>
  Type.Unsafe<number>({
    type: 'string',
    'x-unit': 'duration',
    pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
    examples: ['30s'],
    description,
    ...options,
  });

export const Settings = Type.Object(
  {
    ttl: duration('How long an answer is fresh that does not say so itself (Cache-Control, Expires).'),
    staleIfError: duration('How long past that it may stand in for a failing upstream.', { default: '0s' }),
    staleWhileRevalidate: duration('How long past that it is served while a new one is fetched.', {
      default: '0s',
    }),
    vary: Type.Array(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), {
      default: [],
      description: 'Request headers that make another answer, beside those that the answer names in Vary.',
    }),
    authorised: Type.Unsafe<'public' | 'per-consumer'>({
      type: 'string',
      enum: ['public', 'per-consumer'],
      default: 'public',
      description:
        'Answers to requests with credentials: kept only if they say they are for everybody (Cache-Control public, s-maxage or must-revalidate), or kept for each consumer apart.',
    }),
    store: Type.Unsafe<'memory' | 'shared'>({
      type: 'string',
      enum: ['memory', 'shared'],
      default: 'memory',
      description:
        'Where answers are kept: in the memory of each process (bounded by server.limits.cache), or in the store, for all replicas.',
    }),
    maxEntry: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'size',
      pattern: '^\\d+(\\.\\d+)?(b|kb|mb|gb)$',
      examples: ['1mb'],
      default: '1mb',
      description: 'Largest body that is kept. A larger one passes.',
    }),
    maxEntries: Type.Integer({
      minimum: 100,
      maximum: 1_000_000,
      default: 20_000,
      description:
        'Places for the route’s answers in the store (store: shared): each answer has one, which may be another’s, too, and the newest takes it. With maxEntry it bounds what the route keeps there.',
    }),
    check: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'percent',
      pattern: '^\\d+(\\.\\d+)?%$',
      examples: ['1%'],
      default: '1%',
      description:
        'Of the answers that are given from the cache, the share that is held against the origin afterwards: one that says something else now is replaced, and counted as stale. 0%: none.',
    }),
    tags: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      default: [],
      description:
        'Names by which all answers of the route can be purged, beside those in their Cache-Tag header.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Keeps answers and gives them again (RFC 9111), as a cache that many clients share. A change (POST, PUT, PATCH, DELETE) that succeeds makes what is kept of its URL wrong, through this route or through one of the same path that takes no GET. Credentials are an Authorization header, and whatever makes the caller a consumer; cookies are none, so that an answer which depends on them has to say so (Vary, private), or is told apart by vary.',
  },
);
export type Settings = Static<typeof Settings>;
