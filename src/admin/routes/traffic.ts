import { type Static, Type } from 'typebox';
import type { Dimension, Scope } from '../../contracts/signal.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers, OrNull } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

/** Longest stretch of a series in one answer: 1,500 steps. */
const MOST_POINTS = 1_500;
const STEPS = { tick: 10_000, minute: 60_000, hour: 3_600_000 } as const;

const Time = Type.Integer({ minimum: 0, description: 'Milliseconds since the epoch.' });
const Place = Type.Record(Type.String(), Type.String(), {
  description: 'Values of dimensions: { route, target, … }.',
});
const End = Type.Object({ dimension: Type.String(), value: Type.String() });
const List = <S extends Parameters<typeof Type.Array>[0]>(item: S) =>
  Type.Object({ items: Type.Array(item) });

const Objective = Type.Object({
  name: Type.String(),
  scope: Place,
  kind: Type.String({ description: 'availability, latency, first-token, continuity or spend' }),
  allowed: Type.Number({ description: 'Share that may be bad; for spend US dollars a day.' }),
  over: Type.Integer({ description: 'Milliseconds.' }),
  bad: Type.Number(),
  total: Type.Number(),
  budgetLeft: OrNull(
    Type.Number({ description: '1 = all of it; below 0: overspent; null: no traffic yet.' }),
  ),
  burn: OrNull(Type.Number({ description: 'Over the last hour: 1 = it will just last.' })),
  isMet: OrNull(Type.Boolean({ description: 'null: too little traffic to tell.' })),
  since: OrNull(Time),
});
const Edge = Type.Object({
  from: End,
  to: End,
  requestsPerSecond: Type.Number(),
  errorRate: Type.Number(),
  p50: OrNull(Type.Number()),
  p95: OrNull(Type.Number()),
  p99: OrNull(Type.Number()),
});
const Rate = Type.Object({ at: Time, bad: Type.Number(), total: Type.Number() });
const Request = Type.Object({
  id: Type.String(),
  traceId: Type.String(),
  at: Time,
  method: Type.String(),
  path: Type.String(),
  status: Type.Integer(),
  reason: Type.String(),
  durationMs: Type.Number(),
  scope: Place,
  session: Type.String(),
  user: Type.String({ description: 'A hash.' }),
  attempts: Type.Array(
    Type.Object({
      upstream: Type.String(),
      target: Type.String(),
      reason: Type.String(),
      endedMs: Type.Number({ description: 'When it had failed, in milliseconds since the request came.' }),
    }),
    {
      description: 'Those that failed.',
    },
  ),
  retries: Type.Integer(),
  breaker: Type.String(),
  fallback: Type.String(),
  cache: Type.String(),
  outcome: Type.String(),
  usd: OrNull(Type.Number()),
  tokensIn: OrNull(Type.Number()),
  tokensOut: OrNull(Type.Number()),
  firstTokenMs: OrNull(Type.Number()),
});

const Text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 256, description }));
const RateQuery = Type.Object(
  {
    signal: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'errors, slow, …; with a reason: errors:upstream_timeout.',
    }),
    place: Text('One value of one dimension: route=checkout. Absent: all traffic.'),
    from: Time,
    to: Time,
    step: Type.Unsafe<keyof typeof STEPS>({ type: 'string', enum: Object.keys(STEPS), default: 'minute' }),
  },
  { additionalProperties: false },
);
const RequestQuery = Type.Object(
  {
    id: Text('The request id.'),
    consumer: Text('The consumer’s name.'),
    route: Text('The route’s name.'),
    model: Text('The model’s alias.'),
    reason: Text('A code of docs/errors.md.'),
    session: Text('The session’s id.'),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  },
  { additionalProperties: false },
);

/** What the hypercare engine counted, and the requests that it keeps for a while. */
export function trafficRoutes(app: AdminApp, { engine: { queries } }: Pick<AdminPorts, 'engine'>): void {
  const tags = ['traffic'];

  app.get(
    '/api/objectives',
    {
      schema: {
        operationId: 'listObjectives',
        tags,
        summary: 'How the objectives stand',
        response: answers(List(Objective)),
      },
    },
    async () => ({ items: copied<Static<typeof Objective>>(await queries.objectives()) }),
  );

  app.get(
    '/api/traffic',
    {
      schema: {
        operationId: 'getTraffic',
        tags,
        summary: 'Who calls whom: routes, upstreams, targets, models and providers over the last ten minutes',
        response: answers(List(Edge)),
      },
    },
    async () => ({ items: copied<Static<typeof Edge>>(await queries.trafficMap()) }),
  );

  app.get(
    '/api/rates',
    {
      schema: {
        operationId: 'getRates',
        tags,
        summary: 'Bad and all events of a signal over time, of everything or of one place',
        querystring: RateQuery,
        response: answers(List(Rate)),
      },
    },
    async ({ query: { signal, place, from, to, step } }) => {
      const problem =
        from >= to
          ? '"from" has to be before "to".'
          : (to - from) / STEPS[step] > MOST_POINTS &&
            `Ask for at most ${MOST_POINTS} steps: a shorter time, or a longer step.`;
      if (problem) throw new GatewayError('request_invalid', { param: '/from', detail: problem });
      return {
        items: copied<Static<typeof Rate>>(
          await queries.rates({ signal, scope: scopeOf(place), from, to, step }),
        ),
      };
    },
  );

  app.get(
    '/api/requests',
    {
      schema: {
        operationId: 'listRequests',
        tags,
        summary:
          'The last 4,000 requests that went well and 4,000 that did not, the newest first; of more than 1,000 good ones a second an even share. No header, body or query',
        querystring: RequestQuery,
        response: answers(List(Request)),
      },
    },
    async ({ query }) => ({ items: copied<Static<typeof Request>>(queries.requests(query)) }),
  );
}

/** The engine's answers are read-only, an answer's schema is not. */
const copied = <T>(items: readonly unknown[]): T[] => items as T[];

function scopeOf(place: string | undefined): Scope {
  if (place === undefined) return {};
  const at = place.indexOf('=');
  if (at < 1)
    throw new GatewayError('request_invalid', {
      param: '/place',
      detail: '"place" is written as route=checkout.',
    });
  return { [place.slice(0, at) as Dimension]: place.slice(at + 1) };
}
