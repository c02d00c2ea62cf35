import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import type { ChatCall } from '../chat-call.ts';
import { runChat } from '../pipeline.ts';
import { noFacts } from '../watch.ts';

/** `POST /v1/chat/completions` */
export function registerChatCompletions(
  scope: FastifyInstance,
  prefix: string,
  parts: Pick<ChatCall, 'catalog' | 'policies' | 'ports'>,
): void {
  scope.post(`${prefix}/chat/completions`, async (request, reply) => {
    if (!Buffer.isBuffer(request.body)) throw new GatewayError('body_malformed', { detail: 'It is empty.' });
    await runChat({
      ...parts,
      exchange: exchangeOf(request.raw),
      reply,
      bytes: request.body,
      request: undefined,
      candidates: [],
      answer: undefined,
      facts: noFacts(),
    });
    return reply;
  });
}
