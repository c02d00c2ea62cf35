import { Type } from 'typebox';
import { AI_ANSWERS } from '../../ai/cache/kept-answers.ts';
import { sharingRoutes } from '../../config/sharing-routes.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { purgeSelections } from '../purge-selections.ts';

const Selection = Type.Object(
  {
    route: Type.Optional(Type.String({ description: 'Name of a route; `ai` for answers of models.' })),
    tag: Type.Optional(
      Type.String({
        description:
          'A tag of the route’s settings or of an answer’s Cache-Tag; of models model:NAME and consumer:NAME.',
      }),
    ),
    url: Type.Optional(
      Type.String({
        // A path alone is of no host.
        pattern: '^([Hh][Tt][Tt][Pp][Ss]?://)?[^/]+',
        description:
          'Host, path and query as requested: shop.example/products?page=2, with https:// before it or not; with * at the end, all that begin so. Where the policy query changes what the upstream is asked, the path with every query.',
      }),
    ),
    all: Type.Optional(Type.Boolean({ description: 'Everything that is kept.' })),
  },
  { additionalProperties: false, description: 'What is to be forgotten. Of several, all must hold.' },
);

/** Answers that response-cache keeps, and those of models. */
export function cacheRoutes(app: AdminApp, { cache, served }: Pick<AdminPorts, 'cache' | 'served'>): void {
  app.post(
    '/api/cache/purge',
    {
      schema: {
        operationId: 'purgeCache',
        tags: ['cache'],
        summary:
          'Forgets kept answers by route, tag or URL: in the shared store, and in the memory of this gateway',
        body: Selection,
        response: answers(Type.Object({ purged: Type.Integer() })),
      },
    },
    async ({ body: { all = false, ...selection }, audited }) => {
      const isEmpty = Object.keys(selection).length === 0;
      if (isEmpty !== all)
        throw new GatewayError('request_invalid', {
          detail: 'Name a route, a tag or a url, or say "all": true.',
        });
      const { routes, ai } = served.loaded.config;
      const ofModels = [ai.cache, ...Object.values(ai.models).map(({ cache }) => cache)];
      const known = [...routes.map(({ name }) => name), AI_ANSWERS];
      if (selection.route !== undefined && !known.includes(selection.route))
        throw new GatewayError('resource_unknown', {
          detail: `There is no route ${JSON.stringify(selection.route)}.`,
        });
      const sharing = sharingRoutes(served.loaded.config);
      if (ofModels.some((settings) => settings?.store === 'shared')) sharing.push(AI_ANSWERS);
      let purged = 0;
      for (const each of purgeSelections(selection, served.loaded.config))
        purged += await cache.purge(each, sharing);
      Object.assign(audited, selection, { purged });
      return { purged };
    },
  );
}
