import type { FastifyInstance } from 'fastify';
import type { AnyFormat } from '../../contracts/format.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { type CallParts, type ChatCall, newCall } from '../chat-call.ts';
import { FORMATS } from '../formats/index.ts';
import { runChat } from '../pipeline.ts';
import { bodyOf } from './body.ts';
import { refuseOtherMethods } from './other-methods.ts';

/** The endpoint of each format and operation: `POST /v1/chat/completions`, `/v1/messages`, `/v1/audio/speech`, … */
export async function registerChat(scope: FastifyInstance, prefix: string, parts: CallParts): Promise<void> {
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

function registerFormat(
  scope: FastifyInstance,
  url: string,
  parts: CallParts & Pick<ChatCall, 'format'>,
): void {
  refuseOtherMethods(scope, url, 'POST');
  const { format, catalog, policies, ports, budgets } = parts;
  scope.post(url, (request, reply) => {
    const exchange = exchangeOf(request.raw);
    const bytes = bodyOf(request);
    runChat(newCall({ format, catalog, policies, ports, budgets, exchange, reply, bytes })).catch((error) => {
      if (!reply.sent) reply.send(error);
    });
  });
}
