import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../lib/json.ts';
import { topLevelValues } from '../../lib/json-span.ts';
import type { ChatCall } from '../chat-call.ts';
import { requestFacts } from '../request-facts.ts';

/** Reads what the gateway acts on. Everything else of the body is the provider's to judge. */
export function readRequest(call: ChatCall): void {
  const body = parse(call.bytes);
  if (typeof body.model !== 'string' || body.model === '')
    throw new GatewayError('model_missing', { param: 'model' });
  if (body.stream !== undefined && body.stream !== null && typeof body.stream !== 'boolean') {
    throw new GatewayError('body_invalid', { param: 'stream', detail: 'stream must be true or false.' });
  }
  for (const field of call.format.lists) {
    if (!Array.isArray(body[field]))
      throw new GatewayError('body_invalid', { param: field, detail: `${field} must be a list.` });
  }
  for (const field of call.format.refused) {
    if (body[field] !== undefined && body[field] !== null && body[field] !== false)
      throw new GatewayError('field_not_supported', { param: field, detail: `The field is ${field}.` });
  }
  const spans = topLevelValues(call.bytes, 'model');
  const modelAt = spans[0];
  if (spans.length !== 1 || !modelAt) {
    // Two models in one body: we and the provider could read different ones.
    throw new GatewayError('body_invalid', { param: 'model', detail: 'model must stand in the body once.' });
  }
  call.request = {
    model: body.model,
    modelAt,
    stream: call.format.openStream !== undefined && body.stream === true,
    ...requestFacts(body, call.headers),
  };
}

function parse(bytes: Buffer): JsonObject {
  // Parsers make different things of bytes that are no text; what we read must be what the provider reads.
  if (!isUtf8(bytes)) throw new GatewayError('body_malformed', { detail: 'It is not UTF-8.' });
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    // Without the parser's own words: they quote the body, and the log must not.
    throw new GatewayError('body_malformed');
  }
  if (!isObject(body)) {
    throw new GatewayError('body_invalid', { detail: 'It must be a JSON object.' });
  }
  return body;
}
