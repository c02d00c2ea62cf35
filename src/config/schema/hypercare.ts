import { Type } from 'typebox';
import { Channel } from './hypercare-channels.ts';
import { Feedback } from './hypercare-feedback.ts';
import { Duration, Name, OneOf, Percent, Strict } from './units.ts';

/** What can be done about a finding. */
export const ACTION_KINDS = [
  'rollback-config',
  'shift-traffic',
  'drain-target',
  'switch-model',
  'pin-prompt',
  'change-limit',
  'open-breaker',
  'raise-timeout',
  'purge-cache',
  'throttle-key',
  'revoke-key',
  'cap-loop',
  'static-answer',
  'widen-fallback',
  'order-turns',
  'compact-context',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

const byPriority = Type.Record(Type.String({ pattern: '^P[0-4]$' }), Type.Integer({ minimum: 0 }), {
  additionalProperties: false,
});

const Objective = Strict({
  name: Name('Names the objective.'),
  route: Type.Optional(
    Type.String({ description: 'A route by its name, or a tool of an MCP server: mcp/SERVER/TOOL.' }),
  ),
  model: Type.Optional(Type.String()),
  availability: Type.Optional(Percent()),
  latency: Type.Optional(
    Strict({
      p50: Type.Optional(Duration()),
      p95: Type.Optional(Duration()),
      p99: Type.Optional(Duration()),
    }),
  ),
  firstToken: Type.Optional(
    Strict({
      p50: Type.Optional(Duration()),
      p95: Type.Optional(Duration()),
      p99: Type.Optional(Duration()),
    }),
  ),
  continuity: Type.Optional(Percent()),
  usdPerDay: Type.Optional(Type.Number({ minimum: 0 })),
  over: Duration({ default: '30d' }),
});

/** How it was before there was a gateway, or before this one had seen anything. */
const Usual = Strict({
  route: Type.Optional(Type.String()),
  model: Type.Optional(Type.String()),
  errors: Type.Optional(Percent({ description: 'Share of requests that usually fail.' })),
  p95: Type.Optional(Duration({ description: 'What 95 % of requests take at most.' })),
});

const weight = (value: number, description: string) =>
  Type.Number({ minimum: 0, default: value, description });

const PriorityWeights = Strict(
  {
    weights: Strict(
      {
        severity: weight(3, 'How bad it is.'),
        impact: weight(3, 'Whom it hits.'),
        confidence: weight(2, 'How sure the cause is.'),
        effort: weight(1, 'How quickly it is done.'),
      },
      { default: {}, description: 'Of the weighted score, beside the matrix, RICE and MoSCoW.' },
    ),
  },
  { default: {} },
);

const ExitCriterion = Strict({
  name: Name('Names the criterion.'),
  maxOpen: Type.Optional(byPriority),
  maxNewPerDay: Type.Optional(byPriority),
  objectives: Type.Optional(
    Type.Unsafe<'all' | string[]>({
      anyOf: [{ const: 'all' }, { type: 'array', items: { type: 'string' } }],
    }),
  ),
  csat: Type.Optional(Type.Number({ minimum: 1, maximum: 5 })),
  nps: Type.Optional(Type.Number({ minimum: -100, maximum: 100 })),
  minResponses: Type.Optional(Type.Integer({ minimum: 0 })),
  for: Type.Optional(Duration()),
});

const headerName = (name: string) => Type.String({ pattern: '^[a-z0-9-]{1,64}$', default: name });

/** Where a request says what it can be told apart by: headers of clients, in lower case. */
const Signals = Strict(
  {
    region: Strict(
      { header: headerName('x-region'), default: Type.String({ default: '' }) },
      { default: {} },
    ),
    app: Strict(
      { header: headerName('x-client-app'), default: Type.String({ default: '' }) },
      { default: {} },
    ),
    user: headerName('x-user-id'),
    session: headerName('x-session-id'),
  },
  { default: {} },
);

/** The hypercare engine: what it looks for, what it may do, whom it tells, and when the window may end. */
export const Hypercare = Strict(
  {
    enabled: Type.Boolean({ default: true, description: 'Whether the traffic is watched.' }),
    window: Type.Optional(
      Strict({
        name: Name('Names the window.'),
        release: Type.String({
          default: '',
          description:
            'The release of the services that runs. To name another is to tell of it: findings may be put down to it.',
        }),
        start: Type.String({ format: 'date-time' }),
        owner: Type.String({ default: '' }),
        users: Type.Optional(
          Type.Integer({
            minimum: 1,
            description:
              'Users of the service: what figures a thousand users are made of. Left out: there are none.',
          }),
        ),
      }),
    ),
    tick: Duration({ default: '10s' }),
    confirm: Duration({ default: '60s' }),
    signals: Signals,
    objectives: Type.Array(Objective, { default: [] }),
    usual: Type.Array(Usual, {
      default: [],
      description:
        'What is usual of routes and models, from elsewhere: held against until enough has been seen here.',
    }),
    autoActions: Strict(
      {
        enabled: Type.Boolean({
          default: true,
          description: 'The kill switch: false, and nothing is done by itself any more.',
        }),
        allow: Type.Array(OneOf(ACTION_KINDS), {
          default: [],
          description: 'Kinds of actions that are taken without asking.',
        }),
        dryRun: Type.Boolean({ default: true, description: 'Only say what would be done.' }),
        maxPerHour: Type.Integer({ minimum: 0, default: 3 }),
      },
      { default: {} },
    ),
    priority: PriorityWeights,
    notify: Type.Array(Channel, { default: [] }),
    feedback: Feedback,
    exit: Type.Array(ExitCriterion, { default: [] }),
  },
  { default: {} },
);
