import { Type } from 'typebox';
import { maskSecrets } from '../../config/mask.ts';
import { Slices } from '../../lib/slices.ts';
import { explaining } from '../../server/explain.ts';
import { answers, OrNull } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Explained = Type.Object({
  path: OrNull(Type.String({ description: 'As it is matched and forwarded; null: it is refused.' })),
  refused: OrNull(
    Type.String({ description: 'Why, before any route is looked for: a code of docs/errors.md.' }),
  ),
  isProbe: Type.Boolean({ description: 'The gateway answers it itself, before any route.' }),
  route: OrNull(
    Type.Object({
      name: Type.String(),
      kind: Type.String({ description: 'api, ai, mcp or feedback' }),
      upstreamPath: OrNull(Type.String({ description: 'Of an API route: what the upstream is asked for.' })),
      variant: OrNull(Type.String({ description: 'The part of its split, where the headers decide it.' })),
    }),
  ),
  policies: Type.Array(Type.Object({ name: Type.String(), slot: Type.String(), settings: Type.Unknown() }), {
    description: 'In the order in which the request passes them.',
  }),
  others: Type.Array(Type.Object({ name: Type.String(), why: Type.String() }), {
    description: 'The other routes, each with why it does not take the request.',
  }),
});

/** What would become of a request under the config that serves. */
export function explainRoutes(app: AdminApp, { served, slots }: Pick<AdminPorts, 'served' | 'slots'>): void {
  app.post(
    '/api/explain',
    {
      // It changes nothing: a POST because headers and paths are no query.
      config: { right: 'read' },
      schema: {
        operationId: 'explainRequest',
        tags: ['config'],
        summary: 'Which route would take a request, why the others would not, and what it would pass',
        body: Type.Object(
          {
            method: Type.String({ pattern: '^[A-Za-z]{1,16}$' }),
            target: Type.String({ minLength: 1, maxLength: 8192, description: 'Path, with its query.' }),
            headers: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 8192 }))),
          },
          { additionalProperties: false },
        ),
        response: answers(Explained),
      },
    },
    async ({ body: { method, target, headers = {} } }) => {
      const steps = explaining(served.loaded.config, slots, {
        method: method.toUpperCase(),
        target,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
        ),
      });
      const { path, refused, isProbe, route, policies, others } = await new Slices().through(steps);
      const api = route?.kind === 'api' ? route : undefined;
      return {
        path,
        refused: refused ?? null,
        isProbe,
        route: route
          ? {
              name: route.name,
              kind: route.kind,
              upstreamPath: api?.upstreamPath ?? null,
              variant: api?.variant ?? null,
            }
          : null,
        policies: policies.map(({ name, slot, settings }) => ({
          name,
          slot,
          settings: maskSecrets(settings),
        })),
        others,
      };
    },
  );
}
