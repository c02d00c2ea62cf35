import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OpenedTurn } from '../../context/path.ts';
import type { SaidTurn } from '../../context/read-sessions.ts';
import { readResponseId, responseId } from '../../context/response-id.ts';
import type { SessionRef } from '../../contracts/session.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { openaiResponses } from '../formats/openai-responses/index.ts';
import { gatherAnswer } from '../gather-answer.ts';
import { partsOf } from '../memory/answer-parts.ts';
import { goneWith, itemsOfTurn, listedOfTurn } from '../memory/turn-items.ts';
import type { AiPorts } from '../ports.ts';
import { type IncludeAsked, inOrder, type Order, type PageAsked, pageOf, shownAs } from './item-pages.ts';
import { refuseOtherMethods } from './other-methods.ts';

type Named = { Params: { id: string } };

interface Found {
  readonly ref: SessionRef;
  readonly found: SaidTurn;
}

const NO_COMPACTION = {
  detail: 'The gateway compacts no input: it summarizes long conversations that it keeps.',
};

/** `GET` and `DELETE /v1/responses/{id}`, and what it was asked with: a response that was kept, as OpenAI has it. */
export function registerResponses(
  scope: FastifyInstance,
  prefix: string,
  { conversations }: Pick<AiPorts, 'conversations'>,
): void {
  const url = `${prefix}/responses/:id`;
  const { behind, operations, reader } = conversations;
  const find = async (request: FastifyRequest<Named>): Promise<Found> => {
    const read = readResponseId(request.params.id);
    if (!read) throw new GatewayError('session_unknown');
    const ref = { tenant: exchangeOf(request.raw).consumer, session: read.session };
    const began = operations.now();
    const view = await behind.found(ref, () => reader.said(ref, read.turn));
    // Also of a user's session: nobody can guess a response's id, and nobody says here which user asks.
    // What was deleted says nothing any more.
    if (!view || view.said.content.messages.length === 0) throw new GatewayError('session_unknown');
    conversations.noteReading('read', ref, view.head, began);
    return { ref, found: view.said };
  };
  refuseOtherMethods(scope, url, 'GET', 'DELETE');
  // It is no response's id.
  scope.route({
    method: scope.supportedMethods,
    url: `${prefix}/responses/compact`,
    onRequest: (_request, _reply, done) => done(new GatewayError('route_not_found', NO_COMPACTION)),
    handler: () => undefined,
  });
  refuseOtherMethods(scope, `${url}/input_items`, 'GET');
  scope.get<Named & { Querystring: PageAsked }>(`${url}/input_items`, async (request, reply) => {
    const { ref, found } = await find(request);
    const { id, parent } = found.turn;
    const own = inOrder(listedOfTurn(found).filter((item) => 'isGone' in item || item.isInput));
    // Those of a conversation have a list of their own; along a chain the model was asked with all that went before.
    const isOfChain = found.content.namedBy !== 'conversation' && parent !== '';
    const chain = isOfChain ? await reader.saidInPart(ref, { turn: id }) : undefined;
    if (isOfChain && !chain) throw new GatewayError('session_unknown');
    const along = async function* (turns: AsyncIterable<SaidTurn>, order: Order) {
      for await (const each of turns)
        yield* each.turn.id === id ? own(order) : inOrder(listedOfTurn(each))(order);
    };
    const itemsBy = chain ? (order: Order) => along(chain.turns(order), order) : own;
    const page = await pageOf(itemsBy, request.query);
    return reply.header('x-request-id', exchangeOf(request.raw).id).send(page);
  });
  scope.get<Named & { Querystring: IncludeAsked & { stream?: string } }>(url, async (request, reply) => {
    // As OpenAI has it: only what was begun in the background can be followed.
    if (request.query.stream === 'true')
      throw new GatewayError('field_not_supported', {
        param: 'stream',
        detail: 'The field is stream: a response that is kept is given out whole.',
      });
    const { ref, found } = await find(request);
    return reply
      .header('x-request-id', exchangeOf(request.raw).id)
      .send(responseOf(request.params.id, ref.session, found, request.query));
  });
  scope.delete<Named>(url, async (request, reply) => {
    const { ref, found } = await find(request);
    const gone = (turn: OpenedTurn) => goneWith({ ...found, ...turn });
    if (!(await conversations.erasing.turn(ref, found.turn.version, gone)))
      throw new GatewayError('session_unknown');
    return reply
      .header('x-request-id', exchangeOf(request.raw).id)
      .send({ id: request.params.id, object: 'response', deleted: true });
  });
}

const INSTRUCTIONS = { type: 'text', at: 'instructions' } as const;

/** Its client left, or its stream broke: OpenAI has no word for it under this status. */
const INTERRUPTED = { reason: 'interrupted' };

function responseOf(id: string, session: string, found: SaidTurn, asked: IncludeAsked): object {
  const { turn, content } = found;
  const { metadata, instructions, settings, usage } = content.response ?? {};
  const said = content.messages.at(-1);
  const parts: StreamPart[] = [
    { type: 'start', id, model: turn.upstreamModel || turn.model },
    // It broke off before a word, or made pictures only.
    ...(said?.role === 'assistant' ? partsOf(said.content) : []),
    { type: 'finish', reason: turn.finishReason || 'stop' },
  ];
  if (turn.tokensIn >= 0)
    parts.push({
      type: 'usage',
      usage: { input: turn.tokensIn, output: turn.tokensOut, cached: 0, ...usage },
    });
  const name = {
    ...{ id: turn.id, requestId: turn.request },
    ...{ model: turn.model, created: Math.floor(turn.at / 1000) },
  };
  const system = instructions === undefined ? [] : [{ ...INSTRUCTIONS, text: instructions }];
  const request = { system, metadata, messages: [], stream: false, includeUsage: true, uncarried: [] };
  const output = itemsOfTurn(found).filter(({ isInput }) => !isInput);
  const written = openaiResponses.writeAnswer(gatherAnswer(parts), name, request);
  return {
    ...written,
    ...settings,
    ...(turn.status === 'incomplete' && {
      status: 'incomplete',
      incomplete_details: written.incomplete_details ?? INTERRUPTED,
    }),
    output: output.map((item) => shownAs(item, asked)),
    store: true,
    ...placeOf(session, found),
  };
}

/** As its client named it: whoever names a session otherwise follows no response. */
function placeOf(session: string, { turn: { parent }, content: { namedBy } }: SaidTurn): object {
  return {
    previous_response_id: namedBy === 'response' && parent !== '' ? responseId(session, parent) : null,
    ...(namedBy === 'conversation' && { conversation: { id: session } }),
  };
}
