import { Type } from 'typebox';
import { maskSecrets } from '../../config/mask.ts';
import type { GatewayConfig, RouteConfig } from '../../config/schema/index.ts';
import { servesAi } from '../../config/serves-ai.ts';
import { SLOTS, type Slot } from '../../contracts/policy.ts';
import { answers } from '../openapi.ts';
import { PageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Policy = Type.Object({
  name: Type.String(),
  slot: Type.String({
    description: 'Where in a request’s way it stands; empty: this version does not have it.',
  }),
  settings: Type.Unknown(),
});

const Route = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal('api'), Type.Literal('ai')]),
  match: Type.Object({
    path: Type.String(),
    methods: Type.Array(Type.String()),
    host: Type.Optional(Type.String()),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  upstreams: Type.Array(Type.Object({ upstream: Type.String(), weight: Type.Integer() })),
  mirror: Type.Optional(Type.Unknown({ description: 'Where copies of its requests go.' })),
  version: Type.Optional(Type.String()),
  priority: Type.String({ description: 'critical, high, normal or low: low is shed first.' }),
  concurrency: Type.Optional(Type.Object({ max: Type.Integer() })),
  isOpen: Type.Boolean({ description: 'Anyone may use it: no policy identifies the caller.' }),
  policies: Type.Array(Policy, { description: 'In the order in which a request passes them.' }),
});

/** The routes of the config that serves. */
export function routeRoutes(app: AdminApp, { served, slots }: Pick<AdminPorts, 'served' | 'slots'>): void {
  app.get(
    '/api/routes',
    {
      schema: {
        operationId: 'listRoutes',
        tags: ['routes'],
        summary: 'Routes with their policies, upstreams and who may use them; all of them, on one page',
        response: answers(PageOf(Route)),
      },
    },
    async () => {
      const { config, openRoutes } = served.loaded;
      const open = new Set(openRoutes);
      const described = config.routes.map((route) => ({
        name: route.name,
        kind: 'api' as const,
        match: maskSecrets(route.match),
        upstreams: upstreamsOf(route),
        mirror: route.mirror,
        version: route.version,
        priority: route.priority,
        concurrency: route.concurrency,
        isOpen: open.has(route.name),
        policies: inOrder(route.policies, slots),
      }));
      return { items: [...described, ...aiRoute(config, open, slots)] };
    },
  );
}

const upstreamsOf = ({ upstream, split }: RouteConfig): { upstream: string; weight: number }[] =>
  split ?? (upstream === undefined ? [] : [{ upstream, weight: 1 }]);

/** The AI routes stand under one name, in logs and metrics too. */
function aiRoute({ ai }: GatewayConfig, open: ReadonlySet<string>, slots: ReadonlyMap<string, Slot>) {
  if (!servesAi(ai)) return [];
  return [
    {
      name: 'ai',
      kind: 'ai' as const,
      match: { path: `${ai.prefix}/*`, methods: ['GET', 'POST'] },
      upstreams: [],
      priority: ai.priority,
      concurrency: ai.concurrency,
      isOpen: open.has('ai'),
      policies: inOrder(ai.policies, slots),
    },
  ];
}

function inOrder(entries: RouteConfig['policies'], slots: ReadonlyMap<string, Slot>) {
  const rank = (slot: Slot | ''): number => (slot === '' ? SLOTS.length : SLOTS.indexOf(slot));
  return entries
    .flatMap((entry) => Object.entries(entry))
    .map(([name, settings]) => ({
      name,
      slot: slots.get(name) ?? ('' as const),
      settings: maskSecrets(settings),
    }))
    .sort((a, b) => rank(a.slot) - rank(b.slot));
}
