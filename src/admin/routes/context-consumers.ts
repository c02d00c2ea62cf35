import { Type } from 'typebox';
import { isStillTheirs, listSessions } from '../../context/list-sessions.ts';
import { ownersOf } from '../../context/owner.ts';
import { SealBroken } from '../../context/privacy/seal-broken.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { AfterUserSession, limitOf, PageOf, PageQuery } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { recordReading } from '../record-reading.ts';
import { exported, exportedPage, type Pieces, streamed } from '../shown/exported.ts';
import { noteReading } from '../shown/session.ts';

const Named = Type.Object({
  consumer: Type.String({ minLength: 1, maxLength: 256, description: 'Its name in the config.' }),
});
const Open = Type.Record(Type.String(), Type.Unknown());

/** What conversations hold of a consumer as a whole, and of one person: taken out, and erased for good. */
export function contextConsumerRoutes(
  app: AdminApp,
  { conversations, audit, log }: Pick<AdminPorts, 'conversations' | 'audit' | 'log'>,
): void {
  const tags = ['sessions'];
  const { reader, ports } = conversations;

  app.get(
    '/api/context/:consumer/export',
    {
      config: { right: 'content' },
      schema: {
        operationId: 'exportSessionsOfUser',
        tags,
        summary: 'All that conversations hold of an end user, with what was said',
        params: Named,
        querystring: Type.Object(
          {
            limit: PageQuery.properties.limit,
            after: AfterUserSession,
            user: Type.String({
              minLength: 1,
              maxLength: 256,
              description: 'As the application names them.',
            }),
          },
          { additionalProperties: false },
        ),
        response: answers(PageOf(Open)),
      },
    },
    async (request, reply) => {
      const { consumer: tenant } = request.params;
      const { user, after } = request.query;
      const page = await listSessions(ports, { tenant, user }, { after, limit: limitOf(request.query) });
      // Also where nothing is known of them: that it was asked, and what came of it.
      const [owner = ''] = ownersOf(await ports.privacy.of(tenant), tenant, user);
      await recordReading(audit, request, 'exportSessionsOfUser', {
        path: `/api/context/${encodeURIComponent(tenant)}/export`,
        details: { consumer: tenant, user: owner, sessions: page.sessions.length },
      });
      const items = async function* (): AsyncGenerator<Pieces> {
        for (const { session, head } of page.sessions) {
          const ref = { tenant, session };
          await noteReading(audit, request, 'exportSessionsOfUser', ref);
          const began = conversations.operations.now();
          const outline = await reader.outline(ref);
          if (!outline || !isStillTheirs(head, outline.head)) continue;
          conversations.noteReading('export', ref, outline.head, began);
          yield exported(ref, outline, reader);
        }
      };
      return streamed(reply, exportedPage(items(), page.next), log);
    },
  );

  app.delete(
    '/api/context/:consumer',
    {
      schema: {
        operationId: 'eraseConsumer',
        tags,
        summary:
          'Erase all conversations of a consumer and destroy its key: copies that lack the keys can not be read either',
        params: Named,
        response: answers(
          Type.Object({
            erased: Type.Integer({ description: 'Conversations.' }),
            key: Type.Boolean({ description: 'Whether there was a key.' }),
          }),
        ),
      },
    },
    async (request) => {
      const { consumer } = request.params;
      const { sessions: erased, key } = await conversations.erasing.tenant(consumer);
      Object.assign(request.audited, { consumer, erased, key });
      return { erased, key };
    },
  );

  app.post(
    '/api/context/:consumer/rotate',
    {
      schema: {
        operationId: 'rotateContextKey',
        tags,
        summary: 'Seal with another key from now on; what was sealed before stays readable',
        params: Named,
        response: answers(Type.Object({ rotated: Type.Boolean() })),
      },
    },
    async (request) => {
      const { consumer } = request.params;
      Object.assign(request.audited, { consumer });
      try {
        await ports.privacy.rotate(consumer);
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error;
        throw new GatewayError('context_not_sealed', { detail: `${error.message}.`, cause: error });
      }
      return { rotated: true };
    },
  );
}
