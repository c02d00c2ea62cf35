import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import type { ChatCall } from '../chat-call.ts';
import { FORMATS } from '../formats/index.ts';
import { runChat } from '../pipeline.ts';
import { refuseOtherMethods } from './other-methods.ts';

type Parts = Pick<ChatCall, 'catalog' | 'policies' | 'ports' | 'budgets'>;

/** The endpoint of each format: `POST /v1/chat/completions`, `/v1/responses`, `/v1/messages`. */
export function registerChat(scope: FastifyInstance, prefix: string, parts: Parts): void {
  for (const format of FORMATS) registerFormat(scope, `${prefix}${format.path}`, { ...parts, format });
}

function registerFormat(scope: FastifyInstance, url: string, parts: Parts & Pick<ChatCall, 'format'>): void {
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
      headers: request.headers,
      bytes: request.body,
      request: undefined,
      neutral: undefined,
      candidates: [],
      hold: undefined,
      asked: undefined,
      answer: undefined,
    });
    return reply;
  });
}
