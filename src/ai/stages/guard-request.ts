import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { jsonShape } from '../../lib/json-shape.ts';
import type { ChatCall } from '../chat-call.ts';
import { requestTexts } from '../guards/request-texts.ts';
import { replaceBody } from '../replace-body.ts';

/** As of bodies that policies of API routes read. */
const MOST_LEVELS = 200;

/**
 * Shows the request to the guards. What goes on is the body as it was read: where two keys of the same name, or a number
 * written oddly, would be read otherwise by somebody else, they see what the guards saw.
 */
export function guardRequest(call: ChatCall): void | Promise<void> {
  const { policies, format } = call;
  // A form holds sound, and no JSON.
  if (policies.areGuards && !(format.kind === 'operation' && format.media === 'form')) return guard(call);
}

async function guard(call: ChatCall): Promise<void> {
  const { policies, exchange, format } = call;
  call.guards = policies.openGuards(exchange);
  // V8 reads any depth and writes only some thousand levels.
  if (jsonShape(call.bytes).depth > MOST_LEVELS)
    throw new GatewayError('body_malformed', { detail: 'It is nested too deeply.' });
  const body = JSON.parse(call.bytes.toString('utf8')) as { [key: string]: unknown };
  const { maxima = [] } = format;
  const named = maxima.filter((field) => typeof body[field] === 'number');
  const request = {
    texts: requestTexts(body),
    maxTokens: named.length === 0 ? undefined : Math.max(...named.map((field) => body[field] as number)),
  };
  const before = request.maxTokens;
  for (const guard of call.guards) {
    const verdict = await guard.onRequest?.(request);
    if (verdict) throw verdict;
  }
  const { maxTokens } = request;
  if (maxTokens !== undefined && maxTokens !== before && format.kind === 'chat') {
    for (const field of named) body[field] = Math.min(body[field] as number, maxTokens);
    if (named.length === 0 && maxima[0] !== undefined) body[maxima[0]] = maxTokens;
  }
  replaceBody(call, body as JsonObject);
}
