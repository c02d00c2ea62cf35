import { type TSchema, Type } from 'typebox';
import { Duration, Name, OneOf, Percent, Strict } from './units.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** A path without escapes and without a slash at its end, or nothing. */
const PREFIX = '^(/[A-Za-z0-9._~-]+)*$';

/** From the most important to the first to go when there is more to do than can be done. */
export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const PriorityOf = (what: string) =>
  OneOf(PRIORITIES, {
    default: 'normal',
    description: `How long ${what} are served while the gateway is overloaded: low are shed first, critical last.`,
  });

export const Concurrency = Strict({
  max: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description:
      'Requests that may run at once; more are answered 503 concurrency_limited. Not less than server.workers (auto: each worker lets in 1 at least).',
  }),
});

/** One policy: an object with one key, the policy's name, and its settings. */
export type PolicyEntry = Record<string, unknown>;

/** The list of policies, for the policies that there are. */
export const Policies = (schemas: Readonly<Record<string, TSchema>>) =>
  Type.Array(
    Type.Unsafe<PolicyEntry>({
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: schemas,
      description: 'One policy: its name and its settings.',
    }),
    { default: [] },
  );

export const Match = Strict({
  path: Type.String({
    pattern: '^/',
    description: 'Exact, with parameters (/users/:id or /users/{id}), or all below a prefix (/api/*).',
    examples: ['/api/v1/products/*', '/users/:id'],
  }),
  methods: Type.Array(OneOf(METHODS), { default: [...METHODS], minItems: 1, uniqueItems: true }),
  host: Type.Optional(
    Type.String({
      pattern: '^(\\*\\.)?[A-Za-z0-9.-]+$',
      description: 'Host without port; *.example.com matches every name below.',
    }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'Headers with exact values; "*" = present.' }),
  ),
});

const Fallback = Strict(
  {
    on: Type.Array(Type.Integer({ minimum: 400, maximum: 599 }), {
      default: [500, 502, 503, 504],
      description: 'Statuses of the upstream that are failures. That it gives no answer always is one.',
    }),
    upstream: Type.Optional(
      Type.String({
        description:
          'Name of an upstream that is asked instead, where the request can be sent twice without harm.',
      }),
    ),
    status: Type.Optional(
      Type.Integer({ minimum: 200, maximum: 599, description: 'Of the answer; 503 if none is named.' }),
    ),
    headers: Type.Record(Type.String(), Type.String(), { default: {} }),
    body: Type.Optional(Type.Unknown({ description: 'Text as it is, everything else as JSON.' })),
  },
  {
    description:
      'What stands in for an upstream that fails: another one, then an answer from here. Between the two comes a stale answer that the response-cache policy may give (staleIfError).',
  },
);

const Rewrite = Strict(
  {
    from: Type.Optional(
      Type.String({
        'x-regex': true,
        maxLength: 1000,
        description:
          'Regular expression (RE2) for the path. A path that it does not match goes on as it came.',
      }),
    ),
    to: Type.Optional(
      Type.String({
        maxLength: 1000,
        description: 'What the match becomes; $1 or $<name> is a group of it.',
      }),
    ),
    prefix: Type.Optional(
      Strict({
        strip: Type.String({ default: '', pattern: PREFIX, description: 'Taken off, where it is there.' }),
        add: Type.String({ default: '', pattern: PREFIX, description: 'Put in its place.' }),
      }),
    ),
  },
  {
    description:
      'The path that the upstream gets: from and to, or prefix. Policies, log and metrics go by the path that came.',
  },
);

const STICKY = ['consumer', 'session', 'address'] as const;

const Mirror = Strict(
  {
    upstream: Type.String({ description: 'Name of the upstream that gets copies.' }),
    share: Percent({ default: '100%', description: 'Of the requests.' }),
    maxInFlight: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 50,
      description: 'Copies under way at once; those beyond are left out.',
    }),
    timeout: Duration({ default: '10s', description: 'From a copy’s beginning to its answer’s end.' }),
  },
  {
    description:
      'Copies of requests for a shadow upstream, whose answers nobody sees. Requests whose body is over 64 kB or of no declared length are not copied.',
  },
);

export const Route = (policies: Readonly<Record<string, TSchema>>) =>
  Strict({
    name: Name('Names the route in logs, metrics and findings.'),
    match: Match,
    upstream: Type.Optional(Type.String({ description: 'Name of an upstream.' })),
    split: Type.Optional(
      Type.Array(Strict({ upstream: Type.String(), weight: Type.Integer({ minimum: 0 }) }), {
        minItems: 1,
        description: 'Shares of the route’s clients that go to different upstreams, instead of `upstream`.',
      }),
    ),
    sticky: Type.Array(OneOf(STICKY), {
      default: [...STICKY],
      minItems: 1,
      uniqueItems: true,
      description:
        'What keeps a client at its part of a split: the first of these that its request has. A session is the header x-session-id, or the cookie of that name.',
    }),
    mirror: Type.Optional(Mirror),
    priority: PriorityOf('its requests'),
    concurrency: Type.Optional(Concurrency),
    policies: Policies(policies),
    rewrite: Type.Optional(Rewrite),
    version: Type.Optional(
      Name(
        'Version of the API that the route is, for log and metrics. Versions are routes that differ by path, header or host.',
      ),
    ),
    fallback: Type.Optional(Fallback),
  });
