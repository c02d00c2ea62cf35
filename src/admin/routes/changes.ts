import { Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { limitOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Change = Type.Object({
  id: Type.Integer({ description: 'From 1, in the order in which they happened in this process.' }),
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  kind: Type.String(),
  subject: Type.String(),
  from: Type.String(),
  to: Type.String(),
  reason: Type.String(),
  by: Type.String(),
});

/** The last changes of state: targets, breakers, revisions, keys and the like. */
export function changeRoutes(app: AdminApp, { changes }: Pick<AdminPorts, 'changes'>): void {
  app.get(
    '/api/changes',
    {
      schema: {
        operationId: 'listChanges',
        tags: ['events'],
        summary: 'The last changes of state of this process, newest first',
        querystring: PageQuery,
        response: answers(PageOf(Change)),
      },
    },
    async ({ query }) => {
      const limit = limitOf(query);
      const before = query.after === undefined ? Number.POSITIVE_INFINITY : Number(query.after);
      if (Number.isNaN(before)) throw new GatewayError('request_invalid', { param: '/after' });
      const found = changes.recent.filter(({ id }) => id < before).reverse();
      return pageOf(found, limit, ({ id }) => String(id));
    },
  );
}
