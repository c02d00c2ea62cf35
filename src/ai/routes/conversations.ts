import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Notes, redactNotes, sealNotes } from '../../context/notes.ts';
import type { OpenedTurn } from '../../context/path.ts';
import { matchResults } from '../../context/put-items.ts';
import type { SaidTurn } from '../../context/read-sessions.ts';
import type { SessionRef } from '../../contracts/session.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { randomHex } from '../../lib/request-id.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { itemsOfTurn, listedOfTurn, withoutItem } from '../memory/turn-items.ts';
import type { AiPorts } from '../ports.ts';
import { bodyIn, itemsIn, metadataIn, refOf } from './conversation-facts.ts';
import { type IncludeAsked, inOrder, type PageAsked, pageOf, shownAs } from './item-pages.ts';
import { refuseOtherMethods } from './other-methods.ts';

type Named = { Params: { id: string } };
type NamedItem = { Params: { id: string; item: string } };

/** `/v1/conversations`, as OpenAI has it: opened, read, noted on, erased, and what was said in them, item by item. */
export function registerConversations(
  scope: FastifyInstance,
  prefix: string,
  { conversations }: Pick<AiPorts, 'conversations'>,
): void {
  const url = `${prefix}/conversations`;
  const { behind, erasing, operations, reader } = conversations;
  const { sessions, privacy } = conversations.ports;
  const open = async (request: FastifyRequest<Named>) => {
    const ref = refOf(request, request.params.id);
    const began = operations.now();
    const view = await behind.found(ref, () => reader.saidInPart(ref, { owner: '' }));
    if (view?.head.owner !== '') throw new GatewayError('session_unknown');
    conversations.noteReading('read', ref, view.head, began);
    return { ref, ...view };
  };
  /** With one of its items, and the turn that has it. */
  const openItem = async (request: FastifyRequest<NamedItem>) => {
    const itemIn = (turn: SaidTurn) => itemsOfTurn(turn).find(({ id }) => id === request.params.item);
    const found = await behind.found(refOf(request, request.params.id), async () => {
      const opened = await open(request);
      for await (const turn of opened.turns('asc')) {
        const item = itemIn(turn);
        if (item) return { ...opened, of: turn, item };
      }
      return undefined;
    });
    if (!found) throw new GatewayError('session_unknown');
    return found;
  };
  const begin = async (ref: SessionRef, notes: Notes): Promise<void> => {
    const { ttl, maxAge } = conversations.settings;
    const began = operations.now();
    const metadata = await sealNotes(ref, notes, privacy);
    if (await sessions.create(ref, { owner: '', metadata, ttlMs: ttl, maxAgeMs: maxAge }))
      conversations.noteCreated(ref, began);
    // An attempt of before has begun it: that it stays is known once the store says so of something written later.
    else if (!(await sessions.describe(ref, metadata))) throw new GatewayError('session_unknown');
  };
  const send = (request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply =>
    reply.header('x-request-id', exchangeOf(request.raw).id).send(body);

  refuseOtherMethods(scope, url, 'POST');
  refuseOtherMethods(scope, `${url}/:id`, 'GET', 'POST', 'DELETE');
  refuseOtherMethods(scope, `${url}/:id/items`, 'GET', 'POST');
  refuseOtherMethods(scope, `${url}/:id/items/:item`, 'GET', 'DELETE');

  scope.post(url, async (request, reply) => {
    if (!conversations.settings.enabled) throw new GatewayError('context_off');
    const { metadata: noted = null, items = null } = bodyIn(request);
    const notes = redactNotes(metadataIn(noted), privacy);
    const said = items === null || (Array.isArray(items) && items.length === 0) ? [] : itemsIn(items);
    // Before it is there: an id that nobody was told would stay.
    matchResults(said, new Map());
    // Sent again after a 503, it is the same one: that has what was put into it, and nobody else was told of it.
    const what = ['conversation', exchangeOf(request.raw).consumer, notes, said];
    const id = await conversations.unsure.once(what, newId, async (own) => {
      await begin(refOf(request, own), notes);
      if (said.length > 0) await conversations.putItems(refOf(request, own), said);
      return own;
    });
    return send(request, reply, written(id, conversations.ports.clock.wall(), notes));
  });
  scope.get<Named>(`${url}/:id`, async (request, reply) => {
    const { head, notes } = await open(request);
    return send(request, reply, written(request.params.id, head.createdAt, notes));
  });
  scope.post<Named>(`${url}/:id`, async (request, reply) => {
    const { ref, head } = await open(request);
    const notes = redactNotes(metadataIn(bodyIn(request).metadata), privacy);
    if (!(await sessions.describe(ref, await sealNotes(ref, notes, privacy))))
      throw new GatewayError('session_unknown');
    return send(request, reply, written(request.params.id, head.createdAt, notes));
  });
  scope.delete<Named>(`${url}/:id`, async (request, reply) => {
    // Of one that the store has lost, too: what waits of it would begin it anew.
    if (!(await erasing.session(refOf(request, request.params.id), '')))
      throw new GatewayError('session_unknown');
    return send(request, reply, { id: request.params.id, object: 'conversation.deleted', deleted: true });
  });
  scope.get<Named & { Querystring: PageAsked }>(`${url}/:id/items`, async (request, reply) => {
    const { turns } = await open(request);
    const itemsBy = async function* (order: 'asc' | 'desc') {
      for await (const turn of turns(order)) yield* inOrder(listedOfTurn(turn))(order);
    };
    return send(request, reply, await pageOf(itemsBy, request.query));
  });
  scope.post<Named & { Querystring: IncludeAsked }>(`${url}/:id/items`, async (request, reply) => {
    const { ref } = await open(request);
    const put = await conversations.putItems(ref, itemsIn(bodyIn(request).items));
    const all = { ...request.query, order: 'asc', limit: '100' };
    return send(request, reply, await pageOf(inOrder(itemsOfTurn(put)), all));
  });
  scope.get<NamedItem & { Querystring: IncludeAsked }>(`${url}/:id/items/:item`, async (request, reply) => {
    const { item } = await openItem(request);
    return send(request, reply, shownAs(item, request.query));
  });
  scope.delete<NamedItem>(`${url}/:id/items/:item`, async (request, reply) => {
    const { ref, head, notes, of, item } = await openItem(request);
    const left = (turn: OpenedTurn) => withoutItem({ ...of, ...turn }, item.id);
    if (!(await erasing.part(ref, of.turn.version, left))) throw new GatewayError('session_unknown');
    return send(request, reply, written(request.params.id, head.createdAt, notes));
  });
}

const newId = (): string => `conv_${randomHex(16)}`;

/** @param createdAt milliseconds since the epoch */
const written = (id: string, createdAt: number, metadata: Notes): object => ({
  id,
  object: 'conversation',
  created_at: Math.floor(createdAt / 1000),
  metadata,
});
