import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../lib/json.ts';

/**
 * That what names a conversation, and what says whether it is kept, is of the types that OpenAI's API has there. Taken for absent, a
 * call would be answered without what was said before, or kept against its client's will.
 * @throws GatewayError `body_invalid` that names the field
 */
export function checkNaming(body: JsonObject): void {
  const { conversation, previous_response_id: previous, store } = body;
  const id = isObject(conversation) ? conversation.id : (conversation ?? '');
  if (typeof id !== 'string')
    throw wrong('conversation', 'the id of a conversation, or an object with its id');
  if (typeof (previous ?? '') !== 'string') throw wrong('previous_response_id', 'the id of a response');
  if (typeof (store ?? true) !== 'boolean') throw wrong('store', 'true or false');
}

const wrong = (param: string, what: string): GatewayError =>
  new GatewayError('body_invalid', { param, detail: `${param} must be ${what}.` });
