import type { FastifyInstance } from 'fastify';
import type { AnyFormat } from '../../contracts/format.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import type { ChatCall } from '../chat-call.ts';
import { FORMATS } from '../formats/index.ts';
import { runChat } from '../pipeline.ts';
import { refuseOtherMethods } from './other-methods.ts';

type Parts = Pick<ChatCall, 'catalog' | 'policies' | 'ports' | 'budgets'>;

/** The endpoint of each format and operation: `POST /v1/chat/completions`, `/v1/messages`, `/v1/audio/speech`, … */
export async function registerChat(scope: FastifyInstance, prefix: string, parts: Parts): Promise<void> {
  const ofForms = (format: AnyFormat): boolean => format.kind === 'operation' && format.media === 'form';
  for (const format of FORMATS)
    if (!ofForms(format)) registerFormat(scope, `${prefix}${format.path}`, { ...parts, format });
  await scope.register(async (forms) => {
    forms.removeContentTypeParser('application/json');
    readBytes(forms, 'multipart/form-data');
    for (const format of FORMATS)
      if (ofForms(format)) registerFormat(forms, `${prefix}${format.path}`, { ...parts, format });
  });
}

/** Bodies as the bytes that came: they are what goes on to the provider. The gateway's limit of a body holds. */
export function readBytes(scope: FastifyInstance, contentType: string): void {
  scope.addContentTypeParser(contentType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
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
