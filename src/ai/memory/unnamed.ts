import type { JsonObject } from '../../contracts/model-request.ts';
import { objectOf } from '../../lib/json.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';

type Named = Pick<ChatCall, 'format' | 'headers' | 'request'>;

/**
 * A body without the fields by which it names its conversation: they are for this gateway. OpenAI refuses `metadata` that is
 * not to be stored, and Anthropic a key that it doesn't know.
 * @returns the same one where it names none, as a header does
 */
export function unnamed(body: JsonObject, call: Named): JsonObject {
  if (!namesConversation(call)) return withoutOwn(body, call);
  const { conversation: _, previous_response_id: __, ...rest } = body;
  return withoutOwn(rest, call);
}

function namesConversation({ request }: Named): boolean {
  const { conversation, previousResponse } = request as ChatRequest;
  return conversation !== '' || previousResponse !== '';
}

/** Whether there is nothing to be left out of its body. */
export const isUnnamed = (call: Named): boolean => !namesConversation(call) && !holdsOwn(call);

/** A body whose `metadata` hold nothing any more that is for this gateway. */
export function withoutOwn(body: JsonObject, call: Named): JsonObject {
  if (!holdsOwn(call)) return body;
  const { metadata, ...others } = body;
  const { session_id: _, ...named } = objectOf(metadata);
  const { tags: __, ...untagged } = named;
  const noted = hasTags(call) ? untagged : named;
  return Object.keys(noted).length === 0 ? others : { ...others, metadata: noted };
}

/** Whether there is something of that kind in them: a header goes before it. */
export const holdsOwn = (call: Named): boolean => namesSession(call) || hasTags(call);

const namesSession = ({ headers, request }: Named): boolean =>
  (request as ChatRequest).session !== '' && (headers['x-session-id'] ?? '') === '';

/** In OpenAI's formats metadata are the client's own, and may be kept with its provider. */
const hasTags = ({ format, headers, request }: Named): boolean =>
  format.name === 'anthropic-messages' &&
  (request?.tags.length ?? 0) > 0 &&
  headers['x-gateway-tags'] === undefined;
