import type { AssistantPart, JsonObject } from '../../contracts/model-request.ts';

/** What a model thought, as `reasoning_details` of chat completions; unsigned it is of no use to anybody. */
export function reasoningDetail(part: AssistantPart): JsonObject[] {
  if (part.type !== 'reasoning') return [];
  if (part.opaque !== undefined) return [{ type: 'reasoning.encrypted', data: part.opaque }];
  if (part.signature === undefined) return [];
  return [{ type: 'reasoning.text', text: part.text, signature: part.signature }];
}
