import { Type } from 'typebox';
import { answers } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Status = Type.Object({
  version: Type.String(),
  node: Type.String(),
  startedAt: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  isReady: Type.Boolean(),
  revision: Type.Integer({ description: 'Number of the config revision that serves.' }),
  requestsInFlight: Type.Integer(),
  generations: Type.Integer({ description: 'Those alive: the one that serves and those that still drain.' }),
  store: Type.Object({ name: Type.String(), isUp: Type.Boolean() }),
  openRoutes: Type.Array(Type.String(), {
    description: 'Routes that anyone may use, and paths of the gateway’s own.',
  }),
  inactive: Type.Integer({
    description: 'Parts of the config that this version does not do: see /api/config.',
  }),
});

/** How the process is, at a glance. */
export function statusRoutes(app: AdminApp, { status, served }: Pick<AdminPorts, 'status' | 'served'>): void {
  app.get(
    '/api/status',
    {
      schema: {
        operationId: 'getStatus',
        tags: ['process'],
        summary: 'How the process is, at a glance',
        response: answers(Status),
      },
    },
    async () => {
      const { loaded, revision } = served;
      const { openRoutes, inactive } = loaded;
      return { ...(await status()), revision, openRoutes, inactive: inactive.length };
    },
  );
}
