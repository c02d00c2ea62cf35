import { Type } from 'typebox';
import { Duration, Name, OneOf, Percent, Strict } from './units.ts';

const PRIORITIES = ['P0', 'P1', 'P2', 'P3', 'P4'] as const;
const byPriority = Type.Record(Type.String({ pattern: '^P[0-4]$' }), Type.Integer({ minimum: 0 }), {
  additionalProperties: false,
});

const Objective = Strict({
  name: Name('Names the objective.'),
  route: Type.Optional(Type.String()),
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

const Channel = Strict({
  kind: OneOf(['webhook', 'slack', 'pagerduty', 'alertmanager', 'jira', 'github', 'smtp', 'cloudevents']),
  url: Type.Optional(Type.String()),
  routingKey: Type.Optional(Type.String()),
  priorities: Type.Array(OneOf(PRIORITIES), { default: [...PRIORITIES] }),
});

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

/** The hypercare engine (docs/hypercare.md). */
export const Hypercare = Strict(
  {
    enabled: Type.Boolean({ default: true, description: 'Whether the traffic is watched.' }),
    window: Type.Optional(
      Strict({
        name: Name('Names the window.'),
        release: Type.String({ default: '' }),
        start: Type.String({ format: 'date-time' }),
        owner: Type.String({ default: '' }),
      }),
    ),
    tick: Duration({ default: '10s' }),
    confirm: Duration({ default: '60s' }),
    signals: Signals,
    objectives: Type.Array(Objective, { default: [] }),
    autoActions: Strict(
      {
        allow: Type.Array(Type.String(), { default: [] }),
        dryRun: Type.Boolean({ default: true }),
        maxPerHour: Type.Integer({ minimum: 0, default: 3 }),
      },
      { default: {} },
    ),
    notify: Type.Array(Channel, { default: [] }),
    exit: Type.Array(ExitCriterion, { default: [] }),
  },
  { default: {} },
);
