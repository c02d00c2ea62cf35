import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { listSessions } from '../../context/list-sessions.ts';
import { ownersOf } from '../../context/owner.ts';
import { searchSessions } from '../../context/search-sessions.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { AfterUserSession, limitOf, PageOf, PageQuery } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { exported, streamed } from '../shown/exported.ts';
import { evidenceIn, shownStep, stepsOf } from '../shown/journey.ts';
import { nextAfter, noteReading, shown, shownWhole } from '../shown/session.ts';

const Consumer = Type.String({ maxLength: 256, description: 'The consumer that it belongs to.' });
const Named = Type.Object({ id: Type.String({ minLength: 1, maxLength: 256 }) });
const Of = Type.Object({ consumer: Consumer }, { additionalProperties: false });
const OfPage = Type.Object(
  {
    consumer: Consumer,
    limit: PageQuery.properties.limit,
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'What the page before gave as `next`.' })),
  },
  { additionalProperties: false },
);
const OfJourney = Type.Object(
  {
    ...OfPage.properties,
    texts: Type.Optional(
      Type.Boolean({
        description: 'Whether what was recalled is told in words too, to tokens with the right `content`.',
      }),
    ),
  },
  { additionalProperties: false },
);
const Open = Type.Record(Type.String(), Type.Unknown());
const STATES = ['active', 'expired', 'erased'] as const;

/** Conversations: found, read, corrected, exported and erased. What was said is shown to tokens with the right `content`. */
export function sessionRoutes(
  app: AdminApp,
  {
    conversations,
    audit,
    log,
    served,
    care,
  }: Pick<AdminPorts, 'conversations' | 'audit' | 'log' | 'served' | 'care'>,
): void {
  const tags = ['sessions'];
  const { privacy } = conversations.ports;
  /** Those of the config, and nobody in particular. */
  const consumers = (): string[] => ['', ...served.loaded.config.consumers.map(({ name }) => name)];

  const refOf = <Q extends { consumer: string }>({
    params,
    query,
  }: {
    params: { id: string };
    query: Q;
  }) => ({
    ref: { tenant: query.consumer, session: params.id },
    query,
  });

  /** A page of a conversation as a token may see it. That what was said was read is noted. */
  const opened = async (
    request: FastifyRequest & { params: { id: string }; query: Static<typeof OfPage> },
    operation: string,
  ) => {
    const { ref, query } = refOf(request);
    const began = conversations.operations.now();
    const found = await conversations.reader.page(ref, { after: query.after ?? 0, limit: limitOf(query) });
    if (!found) throw new GatewayError('session_unknown');
    const { turns, known, onPath, ...view } = found;
    const mayRead = request.operator?.rights.includes('content') ?? false;
    if (mayRead) {
      await noteReading(audit, request, operation, ref);
      conversations.noteReading('read', ref, view.head, began);
    }
    const about = shownWhole(ref, view, mayRead);
    return { ref, ...view, turns, known, mayRead, onPath, about, next: nextAfter(turns, view.head) };
  };

  app.get(
    '/api/sessions',
    {
      schema: {
        operationId: 'listSessions',
        tags,
        summary:
          'Conversations of a consumer, newest first, or of each consumer of the config, one after the other; of one user or in one state',
        querystring: Type.Object(
          {
            limit: PageQuery.properties.limit,
            after: AfterUserSession,
            consumer: Type.Optional(Consumer),
            user: Type.Optional(Type.String({ maxLength: 256 })),
            status: Type.Optional(Type.Union(STATES.map((state) => Type.Literal(state)))),
          },
          { additionalProperties: false },
        ),
        response: answers(PageOf(Open)),
      },
    },
    async ({ query }) => {
      const { consumer: tenant, user, status: state, after } = query;
      const at = { after, limit: limitOf(query) };
      const page =
        tenant === undefined
          ? await searchSessions(conversations.ports, consumers(), { user, state }, at)
          : await listSessions(conversations.ports, { tenant, user, state }, at);
      const items = page.sessions.map(({ session, head, tenant: consumer }) => ({
        id: session,
        consumer,
        ...shown(head),
      }));
      return { items, ...(page.next !== undefined && { next: page.next }) };
    },
  );

  app.get(
    '/api/sessions/:id',
    {
      schema: {
        operationId: 'getSession',
        tags,
        summary: 'A conversation with its turns, in the order of their versions',
        params: Named,
        querystring: OfPage,
        response: answers(Open),
      },
    },
    async (request) => {
      const { about, turns, onPath, mayRead, next } = await opened(request, 'getSession');
      return {
        ...about,
        turns: turns.map(({ turn: { journey: _, ...turn }, content }) => ({
          ...turn,
          reason: mayRead ? (content.reason ?? '') : '',
          onPath: onPath.has(turn.id),
          ...(mayRead && { content }),
        })),
        ...next,
      };
    },
  );

  app.get(
    '/api/sessions/:id/journey',
    {
      schema: {
        operationId: 'getSessionJourney',
        tags,
        summary:
          'Each turn with its context before and after: what was sent, cut and recalled, and why; who answered, for how many tokens, by which request, and in which findings that is evidence',
        params: Named,
        querystring: OfJourney,
        response: answers(Open),
      },
    },
    async (request) => {
      const found = await opened(request, 'getSessionJourney');
      const { about, turns, onPath, mayRead, next } = found;
      const inWords = mayRead && request.query.texts === true;
      const steps = await stepsOf(conversations.reader, { ...found, inWords });
      const evidence = evidenceIn(await care.book.all());
      return {
        ...about,
        turns: turns.map((each) => ({
          ...shownStep(each, steps.get(each.turn.id), evidence),
          reason: mayRead ? (each.content.reason ?? '') : '',
          onPath: onPath.has(each.turn.id),
          ...(mayRead && { content: each.content }),
        })),
        ...next,
      };
    },
  );

  app.get(
    '/api/sessions/:id/export',
    {
      config: { right: 'content' },
      schema: {
        operationId: 'exportSession',
        tags,
        summary: 'All of a conversation, with what was said; with `limit` as many turns of it, page by page',
        params: Named,
        querystring: OfPage,
        response: answers(Open),
      },
    },
    async (request, reply) => {
      const { ref, query } = refOf(request);
      await noteReading(audit, request, 'exportSession', ref);
      const began = conversations.operations.now();
      const outline = await conversations.reader.outline(ref);
      if (!outline) throw new GatewayError('session_unknown');
      conversations.noteReading('export', ref, outline.head, began);
      return streamed(reply, exported(ref, outline, conversations.reader, query), log);
    },
  );

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
      return { erased: await conversations.erasing.session(ref) };
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
      const [owner = ''] = ownersOf(await privacy.of(consumer), consumer, user);
      // Before the work: of what breaks off, too, it is known whose it was about, by what `GET /api/sessions` calls them.
      Object.assign(request.audited, { consumer, user: owner });
      const erased = await conversations.erasing.user(consumer, user);
      Object.assign(request.audited, { erased });
      return { erased };
    },
  );
}
