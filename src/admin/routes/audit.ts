import { Type } from 'typebox';
import { answers } from '../openapi.ts';
import { limitOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Entry = Type.Object({
  id: Type.String(),
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  by: Type.String({
    description: 'Name of the token; `local` where none is asked for, `(unknown)` where it was wrong.',
  }),
  from: Type.String({ description: 'Address of who sent it.' }),
  action: Type.String({ description: 'The operation’s id in this description.' }),
  method: Type.String(),
  path: Type.String(),
  status: Type.Integer(),
  outcome: Type.String({ description: '`ok`, or the code of the error.' }),
  details: Type.Record(Type.String(), Type.Unknown()),
  requestId: Type.String(),
});

const of = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 512, description }));
const Query = Type.Object(
  {
    ...PageQuery.properties,
    consumer: of('Only what is about this consumer; of the newest 10,000 entries.'),
    session: of('Only what is about this conversation, its being read included; of the newest 10,000.'),
  },
  { additionalProperties: false },
);

/** Who changed what through this API, when and from where. */
export function auditRoutes(app: AdminApp, { audit }: Pick<AdminPorts, 'audit'>): void {
  app.get(
    '/api/audit',
    {
      schema: {
        operationId: 'listAudit',
        tags: ['audit'],
        summary: 'Changes asked for through this API, granted or not, newest first',
        querystring: Query,
        response: answers(PageOf(Entry)),
      },
    },
    async ({ query }) => {
      const { after, consumer, session } = query;
      const limit = limitOf(query);
      const about = { ...(consumer && { consumer }), ...(session && { session }) };
      const found =
        Object.keys(about).length === 0
          ? await audit.list(limit + 1, after)
          : await audit.about(about, limit + 1, after);
      return pageOf(found, limit, ({ id }) => id);
    },
  );
}
