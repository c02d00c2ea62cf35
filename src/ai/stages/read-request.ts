import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../../errors/gateway-error.ts';
import { topLevelValues } from '../../lib/json-span.ts';
import type { ChatCall } from '../chat-call.ts';

interface Body {
  model?: unknown;
  stream?: unknown;
  messages?: unknown;
}

/** Reads what the gateway acts on. Everything else of the body is the provider's to judge. */
export function readRequest(call: ChatCall): void {
  const body = parse(call.bytes);
  if (typeof body.model !== 'string' || body.model === '')
    throw new GatewayError('model_missing', { param: 'model' });
  if (body.stream !== undefined && body.stream !== null && typeof body.stream !== 'boolean') {
    throw new GatewayError('body_invalid', { param: 'stream', detail: 'stream must be true or false.' });
  }
  if (!Array.isArray(body.messages)) {
    throw new GatewayError('body_invalid', { param: 'messages', detail: 'messages must be a list.' });
  }
  const spans = topLevelValues(call.bytes, 'model');
  const modelAt = spans[0];
  if (spans.length !== 1 || !modelAt) {
    // Two models in one body: we and the provider could read different ones.
    throw new GatewayError('body_invalid', { param: 'model', detail: 'model must stand in the body once.' });
  }
  call.request = { model: body.model, modelAt, stream: body.stream === true };
}

function parse(bytes: Buffer): Body {
  // Parsers make different things of bytes that are no text; what we read must be what the provider reads.
  if (!isUtf8(bytes)) throw new GatewayError('body_malformed', { detail: 'It is not UTF-8.' });
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    // Without the parser's own words: they quote the body, and the log must not.
    throw new GatewayError('body_malformed');
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new GatewayError('body_invalid', { detail: 'It must be a JSON object.' });
  }
  return body;
}
