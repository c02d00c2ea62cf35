import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { jsonShape } from '../../lib/json-shape.ts';
import type { ChatCall } from '../chat-call.ts';
import { requestTexts } from '../guards/request-texts.ts';
import { holdsTokens } from '../holds-tokens.ts';
import { replaceBody } from '../replace-body.ts';

/** As of bodies that policies of API routes read. */
const MOST_LEVELS = 200;

/** llama.cpp's, which goes before `max_tokens` there, whatever kind of provider it is configured as. Others don't know it. */
const OTHER_MAXIMA = ['n_predict'];

const unreadTokens = (): GatewayError =>
  new GatewayError('field_not_supported', {
    param: 'input',
    detail: 'The field is input: the guards of this route read texts, and no tokens.',
  });

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
  // Servers of one's own take -1 for no maximum at all; by a 0 Anthropic only keeps the prompt, and says nothing.
  const least = format.name === 'anthropic-messages' ? 0 : 1;
  const isMaximum = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least;
  const isNamed = (field: string): boolean => body[field] !== undefined && body[field] !== null;
  const own = maxima.filter(isNamed);
  const named = [...own, ...OTHER_MAXIMA.filter(isNamed)];
  const isBound = own.length > 0 && named.every((field) => isMaximum(body[field]));
  const texts = requestTexts(body);
  const unreadable = format.kind === 'embeddings' && holdsTokens(body.input) ? unreadTokens() : undefined;
  const request = {
    get texts() {
      if (unreadable) throw unreadable;
      return texts;
    },
    unreadable,
    maxTokens: isBound ? Math.max(...named.map((field) => body[field] as number)) : undefined,
  };
  const before = request.maxTokens;
  for (const guard of call.guards) {
    const verdict = await guard.onRequest?.(request);
    if (verdict) throw verdict;
  }
  const { maxTokens } = request;
  if (maxTokens !== undefined && maxTokens !== before && format.kind === 'chat') {
    for (const field of named)
      body[field] = isMaximum(body[field]) ? Math.min(body[field], maxTokens) : maxTokens;
    if (own.length === 0 && maxima[0] !== undefined) body[maxima[0]] = maxTokens;
  }
  replaceBody(call, body as JsonObject);
}
