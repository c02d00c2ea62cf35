import type { AdminApp } from '../ports.ts';

/** The description of this API, generated from the schemas of its routes. */
export function descriptionRoutes(app: AdminApp): void {
  app.get(
    '/openapi.json',
    { schema: { operationId: 'getDescription', tags: ['process'], summary: 'OpenAPI 3.1 of this API' } },
    async () => app.swagger(),
  );
}
