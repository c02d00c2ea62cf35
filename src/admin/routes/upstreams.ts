import { type Static, Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { type TargetLoad, together } from '../../upstream/target-loads.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { answers } from '../openapi.ts';
import { PageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const TargetShown = Type.Object({
  url: Type.String({ description: 'Also what names it in a path, percent-encoded.' }),
  weight: Type.Integer(),
  labels: Type.Record(Type.String(), Type.String()),
  state: Type.String({ description: 'disabled, draining, unhealthy, ejected or healthy' }),
  since: Type.Integer({ description: 'Milliseconds since the epoch: when its state changed last.' }),
  reason: Type.String(),
  inFlight: Type.Integer(),
  ewmaMs: Type.Number({ description: 'Its latency as balancing sees it, in milliseconds; 0 = not known.' }),
  ejections: Type.Integer({ description: 'In a row.' }),
});

const BreakerShown = Type.Object({
  state: Type.String({ description: 'closed, half-open or open' }),
  forced: Type.Boolean({ description: 'An operator said so; what requests come to does not change it.' }),
});

const UpstreamShown = Type.Object({
  name: Type.String(),
  balance: Type.String(),
  breaker: BreakerShown,
  isPanic: Type.Boolean({ description: 'Too few targets are healthy, so that all are used.' }),
  targets: Type.Array(TargetShown),
});

const TargetNamed = Type.Object({
  name: Type.String({ description: 'Of the upstream.' }),
  url: Type.String({ description: 'Of the target, percent-encoded.' }),
});
const Why = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 200, description: 'Kept with the change of state.' })) },
  { additionalProperties: false },
);

const BreakerWord = Type.Object(
  {
    state: Type.Unsafe<'open' | 'closed' | 'auto'>({
      type: 'string',
      enum: ['open', 'closed', 'auto'],
      description:
        'open: nobody is sent there; closed: everybody is, whatever fails; auto: as the config says.',
    }),
    reason: Type.Optional(Type.String({ maxLength: 200, description: 'Kept with the change of state.' })),
  },
  { additionalProperties: false },
);

/** How far the word of an operator reaches: it is in no store, and no part of the config. */
const REACH =
  'It holds in this gateway and its workers, over reloads, until the next word or its next start. With several gateways on one Redis say it to each; what is to hold for all of them belongs in the config.';

/** What an operator says about a target. It holds until the next word, or the next start. */
const WORDS = [
  {
    word: 'drain',
    to: 'draining',
    summary: 'No new request goes to it; once those that run have ended it is disabled',
  },
  { word: 'disable', to: 'disabled', summary: 'No new request goes to it' },
  { word: 'enable', to: 'enabled', summary: 'It is used again, as far as it is healthy' },
] as const;

/** Upstreams and how their targets are. */
export function upstreamRoutes(
  app: AdminApp,
  { upstreams, loads }: Pick<AdminPorts, 'upstreams' | 'loads'>,
): void {
  const tags = ['upstreams'];

  function existing(name: string): Upstream {
    const upstream = upstreams.get(name);
    if (upstream) return upstream;
    throw new GatewayError('resource_unknown', { detail: `There is no upstream ${JSON.stringify(name)}.` });
  }

  app.get(
    '/api/upstreams',
    {
      schema: {
        operationId: 'listUpstreams',
        tags,
        summary: 'Upstreams with the state of their targets; all of them, on one page',
        response: answers(PageOf(UpstreamShown)),
      },
    },
    async () => {
      const all = await loads();
      return { items: upstreams.all().map((upstream) => shown(upstream, all)) };
    },
  );

  app.post(
    '/api/upstreams/:name/breaker',
    {
      schema: {
        operationId: 'setBreaker',
        tags,
        summary: 'Opens or closes the breaker of an upstream by hand, or leaves it to itself again',
        description: REACH,
        params: Type.Object({ name: Type.String({ description: 'Of the upstream.' }) }),
        body: BreakerWord,
        response: answers(BreakerShown),
      },
    },
    async ({ params: { name }, body: { state, reason }, operator, audited }) => {
      const upstream = existing(name);
      upstream.resilience.breaker.force(state, operator?.name ?? '', reason ?? '');
      Object.assign(audited, { upstream: name, to: state });
      return breakerOf(upstream);
    },
  );

  for (const { word, to, summary } of WORDS) {
    app.post(
      `/api/upstreams/:name/targets/:url/${word}`,
      {
        schema: {
          operationId: `${word}Target`,
          tags,
          summary,
          description: REACH,
          params: TargetNamed,
          querystring: Why,
          response: answers(TargetShown),
        },
      },
      async ({ params: { name, url }, query, operator, audited }) => {
        const upstream = existing(name);
        const by = operator?.name ?? '';
        const isThere = upstream.change(url, { kind: 'target', to, reason: query.reason ?? '', by });
        const target = shown(upstream, await loads()).targets.find((each) => each.url === url);
        if (!isThere || !target)
          throw new GatewayError('resource_unknown', {
            detail: `The upstream ${JSON.stringify(name)} has no target ${JSON.stringify(url)}.`,
          });
        Object.assign(audited, { upstream: name, target: url, to: target.state });
        return target;
      },
    );
  }
}

const breakerOf = ({ resilience: { breaker } }: Upstream): Static<typeof BreakerShown> => ({
  state: breaker.state,
  forced: breaker.forced !== undefined,
});

const shown = (upstream: Upstream, loads: readonly TargetLoad[]): Static<typeof UpstreamShown> => ({
  name: upstream.name,
  balance: upstream.balance,
  breaker: breakerOf(upstream),
  isPanic: upstream.isPanic,
  targets: upstream.report().map((target) => ({ ...target, ...together(loads, upstream.name, target.url) })),
});
