import type { JsonObject } from '../../contracts/model-request.ts';
import { isObject } from '../../lib/json.ts';
import { isMarked } from '../seal.ts';

const entries = (list: unknown): readonly unknown[] => (Array.isArray(list) ? (list as unknown[]) : []);

/** A messages request without what others than Anthropic's models thought. A turn of nothing else goes with it. */
export const ownBlocksOnly = (body: JsonObject): JsonObject => ({
  ...body,
  messages: entries(body.messages).flatMap((message) => {
    if (!isObject(message) || !Array.isArray(message.content)) return [message];
    const content = (message.content as unknown[]).filter((block) => !isOthers(block));
    return content.length === 0 && message.content.length > 0 ? [] : [{ ...message, content }];
  }),
});

/** A responses request without the reasoning that its provider did not seal itself. */
export const ownItemsOnly = (body: JsonObject): JsonObject =>
  Array.isArray(body.input)
    ? { ...body, input: (body.input as unknown[]).filter((item) => !isOthers(item)) }
    : body;

/** A thought in either format. */
function isOthers(value: unknown): boolean {
  if (!isObject(value)) return false;
  switch (value.type) {
    case 'thinking':
      return isMarked(value.signature);
    case 'redacted_thinking':
      return isMarked(value.data);
    case 'reasoning':
      return isMarked(value.encrypted_content);
    default:
      return false;
  }
}
