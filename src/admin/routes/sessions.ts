import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { SessionHead, SessionRef } from '../../contracts/session.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { limitOf, PageOf, PageQuery } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Consumer = Type.String({ maxLength: 256, description: 'The consumer that it belongs to.' });
const Named = Type.Object({ id: Type.String({ minLength: 1, maxLength: 256 }) });
const Of = Type.Object({ consumer: Consumer }, { additionalProperties: false });
const Open = Type.Record(Type.String(), Type.Unknown());
const STATES = ['active', 'expired', 'erased'] as const;

/** Conversations: found, read, corrected, exported and erased. What was said is shown to tokens with the right `content`. */
export function sessionRoutes(
  app: AdminApp,
  { conversations, audit }: Pick<AdminPorts, 'conversations' | 'audit'>,
): void {
  const tags = ['sessions'];
  const { sessions } = conversations.ports;

  const viewOf = async (ref: SessionRef) => {
    const view = await conversations.path(ref);
    if (!view) throw new GatewayError('session_unknown');
    return view;
  };
  /** Who has read what people wrote is known afterwards. */
  const noteReading = (
    request: FastifyRequest,
    action: string,
    { tenant, session }: SessionRef,
  ): Promise<void> =>
    audit.record({
      by: request.operator?.name ?? '',
      from: request.socket.remoteAddress ?? '',
      action,
      method: request.method,
      path: `/api/sessions/${encodeURIComponent(session)}`,
      status: 200,
      outcome: 'ok',
      details: { consumer: tenant, session },
      requestId: String(request.id),
    });

  app.get(
    '/api/sessions',
    {
      schema: {
        operationId: 'listSessions',
        tags,
        summary: 'Conversations of a consumer, newest first; of one user or in one state',
        querystring: Type.Object(
          {
            ...PageQuery.properties,
            consumer: Consumer,
            user: Type.Optional(Type.String({ maxLength: 256 })),
            status: Type.Optional(Type.Union(STATES.map((state) => Type.Literal(state)))),
          },
          { additionalProperties: false },
        ),
        response: answers(PageOf(Open)),
      },
    },
    async ({ query }) => {
      const { consumer, user, status, after } = query;
      const owner = user === undefined ? undefined : conversations.ownerOf(consumer, user);
      const page = await sessions.list(consumer, { owner, after, limit: limitOf(query) });
      const items = page.sessions
        .filter(({ head }) => status === undefined || head.state === status)
        .map(({ session, head }) => ({ id: session, ...shown(head) }));
      return { items, ...(page.next !== undefined && { next: page.next }) };
    },
  );

  const one = (path: string, operationId: string, summary: string, withContent: boolean): void => {
    app.get(
      path,
      { schema: { operationId, tags, summary, params: Named, querystring: Of, response: answers(Open) } },
      async (request) => {
        const ref = { tenant: request.query.consumer, session: request.params.id };
        const { head, summary: inForce, turns, all } = await viewOf(ref);
        const mayRead = request.operator?.rights.includes('content') ?? false;
        if (withContent && !mayRead)
          throw new GatewayError('not_authorized', { detail: 'The token lacks the right "content".' });
        if (mayRead) await noteReading(request, operationId, ref);
        const onPath = new Set(turns.map(({ turn }) => turn.id));
        return {
          id: ref.session,
          consumer: ref.tenant,
          ...shown(head),
          summary: inForce
            ? { epoch: inForce.epoch, covered: inForce.covered, tokens: inForce.tokens }
            : null,
          turns: all.map(({ turn, content }) => ({
            ...turn,
            journey: turn.journey === '' ? null : (JSON.parse(turn.journey) as unknown),
            onPath: onPath.has(turn.id),
            ...(mayRead && { content }),
          })),
        };
      },
    );
  };
  one('/api/sessions/:id', 'getSession', 'A conversation with its turns', false);
  one(
    '/api/sessions/:id/journey',
    'getSessionJourney',
    'Each turn with what was sent, cut and recalled',
    false,
  );
  one('/api/sessions/:id/export', 'exportSession', 'All of a conversation, with what was said', true);

  app.post(
    '/api/sessions/:id/corrections',
    {
      schema: {
        operationId: 'correctSession',
        tags,
        summary: 'Put other words in the place of an answer; the answer itself stays in the record',
        params: Named,
        querystring: Of,
        body: Type.Object(
          {
            turn: Type.String({ description: 'Id of the turn.' }),
            text: Type.String({ minLength: 1, maxLength: 100_000 }),
            reason: Type.String({ minLength: 1, maxLength: 1000 }),
          },
          { additionalProperties: false },
        ),
        response: answers(Type.Object({ version: Type.Integer() })),
      },
    },
    async (request) => {
      const ref = { tenant: request.query.consumer, session: request.params.id };
      Object.assign(request.audited, { consumer: ref.tenant, session: ref.session, turn: request.body.turn });
      const author = request.operator?.name ?? '';
      const version = await conversations.correct(ref, { ...request.body, author });
      if (version === undefined) throw new GatewayError('session_unknown');
      return { version };
    },
  );

  app.delete(
    '/api/sessions/:id',
    {
      schema: {
        operationId: 'eraseSession',
        tags,
        summary: 'Erase all that was said; it can not be brought back',
        params: Named,
        querystring: Of,
        response: answers(Type.Object({ erased: Type.Boolean() })),
      },
    },
    async (request) => {
      const ref = { tenant: request.query.consumer, session: request.params.id };
      Object.assign(request.audited, { consumer: ref.tenant, session: ref.session });
      return { erased: await conversations.erase(ref) };
    },
  );

  app.delete(
    '/api/sessions',
    {
      schema: {
        operationId: 'eraseSessionsOfUser',
        tags,
        summary: 'Erase all conversations of an end user',
        querystring: Type.Object(
          { consumer: Consumer, user: Type.String({ minLength: 1, maxLength: 256 }) },
          { additionalProperties: false },
        ),
        response: answers(Type.Object({ erased: Type.Integer() })),
      },
    },
    async (request) => {
      const { consumer, user } = request.query;
      const erased = await conversations.eraseUser(consumer, user);
      Object.assign(request.audited, { consumer, erased });
      return { erased };
    },
  );
}

const shown = ({ generation: _, hash: __, head: ___, metadata: ____, owner, ...head }: SessionHead) => ({
  ...head,
  user: owner,
});
