import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SessionHead } from '../../contracts/session.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, parseObject } from '../../lib/json.ts';
import { randomHex } from '../../lib/request-id.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { writeItems } from '../memory/write-items.ts';
import type { AiPorts } from '../ports.ts';
import { refuseOtherMethods } from './other-methods.ts';

type Named = { Params: { id: string } };

/** `/v1/conversations`, as OpenAI has it: opened, read, noted on, erased, and what was said in them, page by page. */
export function registerConversations(
  scope: FastifyInstance,
  prefix: string,
  { conversations }: Pick<AiPorts, 'conversations'>,
): void {
  const url = `${prefix}/conversations`;
  const { sessions } = conversations.ports;
  const refOf = (request: FastifyRequest, session: string) => ({
    tenant: exchangeOf(request.raw).consumer,
    session: session.slice(0, 257),
  });
  const open = async (request: FastifyRequest<Named>) => {
    const view = await conversations.reader.path(refOf(request, request.params.id));
    if (view?.head.state !== 'active' || view.head.owner !== '') throw new GatewayError('session_unknown');
    return view;
  };
  const send = (request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply =>
    reply.header('x-request-id', exchangeOf(request.raw).id).send(body);

  refuseOtherMethods(scope, url, 'POST');
  refuseOtherMethods(scope, `${url}/:id`, 'GET', 'POST', 'DELETE');
  refuseOtherMethods(scope, `${url}/:id/items`, 'GET');

  scope.post(url, async (request, reply) => {
    if (!conversations.settings.enabled) throw new GatewayError('context_off');
    const id = `conv_${randomHex(16)}`;
    const { ttl, maxAge } = conversations.settings;
    const body = bodyIn(request);
    if (Array.isArray(body.items) && body.items.length > 0)
      throw new GatewayError('field_not_supported', { param: 'items', detail: 'The field is items.' });
    const metadata = JSON.stringify(isObject(body.metadata) ? body.metadata : {});
    await sessions.create(refOf(request, id), { owner: '', metadata, ttlMs: ttl, maxAgeMs: maxAge });
    const at = Math.floor(conversations.ports.clock.wall() / 1000);
    return send(request, reply, written(id, at, metadata));
  });
  scope.get<Named>(`${url}/:id`, async (request, reply) => {
    const { head } = await open(request);
    return send(request, reply, describe(request.params.id, head));
  });
  scope.post<Named>(`${url}/:id`, async (request, reply) => {
    const { head } = await open(request);
    const given = bodyIn(request).metadata;
    const metadata = JSON.stringify(isObject(given) ? given : {});
    await sessions.describe(refOf(request, request.params.id), metadata);
    return send(request, reply, describe(request.params.id, { ...head, metadata }));
  });
  scope.delete<Named>(`${url}/:id`, async (request, reply) => {
    await open(request);
    await conversations.erasing.session(refOf(request, request.params.id));
    return send(request, reply, { id: request.params.id, object: 'conversation.deleted', deleted: true });
  });
  scope.get<Named & { Querystring: { limit?: string; after?: string; order?: string } }>(
    `${url}/:id/items`,
    async (request, reply) => {
      const { turns } = await open(request);
      const items = turns.flatMap(({ turn, messages }) =>
        writeItems(messages).map((item, at) => ({ id: `msg_${turn.id}${at}`, status: 'completed', ...item })),
      );
      const { limit, after, order } = request.query;
      if (order !== 'asc') items.reverse();
      const from = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
      const most = Math.min(100, Math.max(1, Number(limit ?? 20) || 20));
      const data = items.slice(from, from + most);
      return send(request, reply, {
        object: 'list',
        data,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
        has_more: items.length > from + most,
      });
    },
  );
}

const bodyIn = ({ body }: FastifyRequest) =>
  (Buffer.isBuffer(body) ? parseObject(body.toString('utf8')) : undefined) ?? {};

const describe = (id: string, { createdAt, metadata }: SessionHead): object =>
  written(id, Math.floor(createdAt / 1000), metadata);

const written = (id: string, at: number, metadata: string): object => ({
  id,
  object: 'conversation',
  created_at: at,
  metadata: metadata === '' ? {} : (JSON.parse(metadata) as object),
});
