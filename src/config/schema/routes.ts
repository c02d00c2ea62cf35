import { type TSchema, Type } from 'typebox';
import { Name, OneOf, Strict } from './units.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

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

const StaticAnswer = Strict({
  status: Type.Integer({ minimum: 200, maximum: 599, default: 503 }),
  headers: Type.Record(Type.String(), Type.String(), { default: {} }),
  body: Type.Optional(Type.Unknown()),
});

export const Route = (policies: Readonly<Record<string, TSchema>>) =>
  Strict({
    name: Name('Names the route in logs, metrics and findings.'),
    match: Match,
    upstream: Type.Optional(Type.String({ description: 'Name of an upstream.' })),
    split: Type.Optional(
      Type.Array(Strict({ upstream: Type.String(), weight: Type.Integer({ minimum: 0 }) }), { minItems: 1 }),
    ),
    priority: OneOf(['critical', 'high', 'normal', 'low'], { default: 'normal' }),
    policies: Policies(policies),
    rewrite: Type.Optional(Strict({ from: Type.String(), to: Type.String() })),
    fallback: Type.Optional(StaticAnswer),
  });
