import { CHAT_FORMATS } from '../../src/ai/formats/index.ts';
import { openaiServices } from '../../src/ai/providers/openai.ts';
import { Translation } from '../../src/ai/translation.ts';
import type { Format, FormatName } from '../../src/contracts/format.ts';
import type { JsonObject } from '../../src/contracts/model-request.ts';
import type { Provider } from '../../src/contracts/provider.ts';
import type { GatewayError } from '../../src/errors/gateway-error.ts';

/** What an answer is known by. */
export const NAME = { id: 'r1', requestId: 'r1', model: 'smart', created: 1 };

export function formatOf(name: FormatName): Format {
  const format = CHAT_FORMATS.find((each) => each.name === name);
  if (!format) throw new Error(name);
  return format;
}

export function service(kind: keyof typeof openaiServices): Provider {
  const provider = openaiServices[kind];
  if (!provider) throw new Error(kind);
  return provider;
}

/** A client's request in the provider's words, without a gateway around it. */
export function sent(from: FormatName, to: Provider, body: object, model = 'm'): JsonObject {
  const format = formatOf(from);
  const request = format.readRequest({ model, ...body });
  const translation = new Translation(request, format, to.translated, to.readError, NAME);
  return JSON.parse(translation.request({ model, stream: false }).toString());
}

/** The field by whose name it is refused. */
export function refusedField(from: FormatName, to: Provider, body: object, model?: string): string {
  try {
    sent(from, to, body, model);
  } catch (error) {
    const { code, param } = error as GatewayError;
    return code === 'field_not_supported' ? String(param) : code;
  }
  return 'nothing';
}
