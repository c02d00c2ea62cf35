import { isUtf8 } from 'node:buffer';
import type { Operation } from '../../contracts/format.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../lib/json.ts';
import { type Span, topLevelValues } from '../../lib/json-span.ts';
import { refuseOtherCase } from '../acted-on.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import { formValues } from '../form-field.ts';
import { givenTokens } from '../given-tokens.ts';
import { sessionInHeaders } from '../memory/ask-of.ts';
import { checkNaming } from '../memory/check-naming.ts';
import { type BodyBehind, readBehind } from '../memory/log-tail.ts';
import { operationUsage } from '../operations/usage.ts';
import { holdsUsers, requestFacts } from '../request-facts.ts';

/** Reads what the gateway acts on. Everything else of the body is the provider's to judge. */
export function readRequest(call: ChatCall): void {
  const { format, bytes } = call;
  if (format.kind === 'operation' && format.media === 'form') {
    call.request = readForm(call, format);
    // They read no form, and what is answered to it.
    if (call.policies.areGuards) call.guards = call.policies.openGuards(call.exchange);
    return;
  }
  const behind = behindLog(call);
  // What is counted back to the user's last words may begin before it.
  const isEnough = behind !== undefined && holdsUsers(behind.tail);
  const body = isEnough ? behind.body : parse(bytes);
  refuseOtherCase(body);
  if (typeof body.model !== 'string' || body.model === '')
    throw new GatewayError('model_missing', { param: 'model' });
  if (body.stream !== undefined && body.stream !== null && typeof body.stream !== 'boolean') {
    throw new GatewayError('body_invalid', { param: 'stream', detail: 'stream must be true or false.' });
  }
  for (const field of format.lists) {
    if (!Array.isArray(body[field]))
      throw new GatewayError('body_invalid', { param: field, detail: `${field} must be a list.` });
  }
  for (const field of format.refused) {
    if (body[field] !== undefined && body[field] !== null && body[field] !== false)
      throw new GatewayError('field_not_supported', { param: field, detail: `The field is ${field}.` });
  }
  call.behind = behind;
  if (format.kind === 'chat' && call.ports.conversations.settings.enabled) {
    checkNaming(body);
    if (!isEnough) call.body = body;
  }
  call.request = {
    model: body.model,
    modelAt: theOnly(isEnough ? behind.valuesOf('model') : topLevelValues(bytes, 'model')),
    stream: format.openStream !== undefined && body.stream === true,
    streamOptions: body.stream_options,
    ...(format.kind === 'embeddings' &&
      call.budgets.rules.length > 0 && { inTokens: givenTokens(body.input) }),
    usage: format.kind === 'operation' ? operationUsage(format, body, { bytes, contentType: '' }) : undefined,
    ...requestFacts(body, call.headers, format.maxima),
  };
}

/** Of a conversation that its client sends whole with each turn, what is new: all of it is parsed only for who needs it. */
function behindLog({ format, ports, prompt, headers, exchange, bytes }: ChatCall): BodyBehind | undefined {
  if (format.kind !== 'chat' || !ports.conversations.settings.enabled || prompt) return undefined;
  const session = sessionInHeaders(headers);
  if (session === '') return undefined;
  const known = ports.conversations.knownLog({ tenant: exchange.consumer, session });
  return known && readBehind(bytes, format, known);
}

/** Of a form only the model is read; of what it asks to be heard, nothing. */
function readForm({ bytes, headers }: ChatCall, format: Operation): ChatRequest {
  const contentType = headers['content-type'] ?? '';
  const spans = formValues(bytes, contentType, 'model');
  if (spans.length === 0) throw new GatewayError('model_missing', { param: 'model' });
  const modelAt = theOnly(spans);
  const name = bytes.subarray(modelAt.start, Math.min(modelAt.end, modelAt.start + LONGEST_NAME));
  if (!isUtf8(name)) throw new GatewayError('model_unknown', { param: 'model' });
  const usage = operationUsage(format, {}, { bytes, contentType });
  const form = { model: name.toString('utf8'), modelAt, stream: false, streamOptions: undefined };
  return { ...form, usage, ...requestFacts({}, headers) };
}

/** Of a model in a form: longer ones are nobody's. */
const LONGEST_NAME = 1024;

/** Two models in one body: we and the provider could read different ones. */
function theOnly(spans: readonly Span[]): Span {
  const [span] = spans;
  if (spans.length !== 1 || !span)
    throw new GatewayError('body_invalid', { param: 'model', detail: 'model must stand in the body once.' });
  return span;
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
