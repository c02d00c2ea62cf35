import type { JsonObject } from '../../contracts/model-request.ts';
import { objectOf } from '../../lib/json.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';

type Named = Pick<ChatCall, 'headers' | 'request'>;

/**
 * A body without the fields by which it names its conversation: they are for this gateway. OpenAI refuses `metadata` that is
 * not to be stored, and Anthropic a key that it doesn't know.
 * @returns the same one where it names none, as a header does
 */
export function unnamed(body: JsonObject, call: Named): JsonObject {
  const { conversation, previousResponse } = call.request as ChatRequest;
  if (conversation === '' && previousResponse === '') return withoutSession(body, call);
  const { conversation: _, previous_response_id: __, ...rest } = body;
  return withoutSession(rest, call);
}

/** A body whose `metadata` name no session any more. */
export function withoutSession(body: JsonObject, call: Named): JsonObject {
  if (!namesSession(call)) return body;
  const { metadata, ...others } = body;
  const { session_id: _, ...noted } = objectOf(metadata);
  return Object.keys(noted).length === 0 ? others : { ...others, metadata: noted };
}

/** Whether the body does: a header goes before it. */
export const namesSession = ({ headers, request }: Named): boolean =>
  (request as ChatRequest).session !== '' && (headers['x-session-id'] ?? '') === '';
