import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import type { ChatCall } from '../chat-call.ts';
import { runChat } from '../pipeline.ts';
import { refuseOtherMethods } from './other-methods.ts';

/** `POST /v1/chat/completions` */
export function registerChatCompletions(
  scope: FastifyInstance,
  prefix: string,
  parts: Pick<ChatCall, 'catalog' | 'policies' | 'ports'>,
): void {
  const url = `${prefix}/chat/completions`;
  refuseOtherMethods(scope, url, 'POST');
  scope.post(url, async (request, reply) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity')
      throw new GatewayError('media_type_unsupported', { detail: 'It must not be compressed.' });
    if (!Buffer.isBuffer(request.body)) throw new GatewayError('body_malformed', { detail: 'It is empty.' });
    await runChat({
      ...parts,
      exchange: exchangeOf(request.raw),
      reply,
      bytes: request.body,
      request: undefined,
      candidates: [],
      asked: undefined,
      answer: undefined,
    });
    return reply;
  });
}
