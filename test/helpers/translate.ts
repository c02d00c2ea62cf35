import { expect } from 'vitest';
import { CHAT_FORMATS } from '../../src/ai/formats/index.ts';
import { Translation } from '../../src/ai/translation.ts';
import type { FormatName } from '../../src/contracts/format.ts';
import type { JsonObject } from '../../src/contracts/model-request.ts';
import type { Provider } from '../../src/contracts/provider.ts';
import type { GatewayError } from '../../src/errors/gateway-error.ts';

/** A client's request as a provider gets it. */
export function convert(
  from: FormatName,
  to: Provider,
  body: object,
  model = 'm',
  drop: readonly string[] = [],
): JsonObject {
  const format = CHAT_FORMATS.find(({ name }) => name === from);
  if (!format) throw new Error(from);
  const name = { id: 'r1', requestId: 'r1', model: 'smart', created: 1 };
  const translation = new Translation(
    format.readRequest({ ...body }),
    format,
    to.translated,
    to.readError,
    name,
    drop,
  );
  return JSON.parse(translation.request({ model, stream: false }).toString());
}

/** The client's name for what can't be carried; 'nothing' if all can. */
export function refusedField(from: FormatName, to: Provider, body: object, model?: string): string | null {
  try {
    convert(from, to, body, model);
  } catch (error) {
    expect((error as GatewayError).code).toBe('field_not_supported');
    return (error as GatewayError).param;
  }
  return 'nothing';
}
