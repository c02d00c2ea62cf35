import type { JsonObject } from '../../contracts/model-request.ts';
import { objectOf } from '../../lib/json.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';

/**
 * A body without the fields by which it names its conversation: they are for this gateway. OpenAI refuses `metadata` that is
 * not to be stored, and Anthropic a key that it doesn't know.
 * @returns the same one where it names none, as a header does
 */
export function unnamed(
  body: JsonObject,
  { headers, request }: Pick<ChatCall, 'headers' | 'request'>,
): JsonObject {
  const { conversation, previousResponse, session } = request as ChatRequest;
  const isInMetadata = session !== '' && (headers['x-session-id'] ?? '') === '';
  if (conversation === '' && previousResponse === '' && !isInMetadata) return body;
  const { conversation: _, previous_response_id: __, ...rest } = body;
  if (!isInMetadata) return rest;
  const { metadata, ...others } = rest;
  const { session_id: ___, ...noted } = objectOf(metadata);
  return Object.keys(noted).length === 0 ? others : { ...others, metadata: noted };
}
