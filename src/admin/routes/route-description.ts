import { Type } from 'typebox';
import { routesDocument } from '../../config/openapi/routes-document.ts';
import { answers } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Document = Type.Object(
  { openapi: Type.String() },
  {
    additionalProperties: true,
    description: 'OpenAPI 3.1. Its version is the beginning of the config’s hash.',
  },
);

/** What the gateway serves, for who calls it and for tools that make clients. */
export function routeDescription(app: AdminApp, { served }: Pick<AdminPorts, 'served'>): void {
  app.get(
    '/api/routes/openapi.json',
    {
      schema: {
        operationId: 'getRoutesDescription',
        tags: ['routes'],
        summary: 'The API routes that serve, with their schemas, as OpenAPI 3.1',
        response: answers(Document),
      },
    },
    async () => {
      const { config, hash } = served.loaded;
      return routesDocument(config, { version: hash.slice(0, 12), now: Date.now() });
    },
  );
}
