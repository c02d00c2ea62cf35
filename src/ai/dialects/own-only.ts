import type { JsonObject } from '../../contracts/model-request.ts';
import { isObject } from '../../lib/json.ts';
import { isMarked, readSeal } from '../seal.ts';

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

/** A messages entry that another one thought. */
function isOthers(block: unknown): boolean {
  if (!isObject(block)) return false;
  if (block.type === 'thinking') return isMarked(block.signature);
  return block.type === 'redacted_thinking' && isMarked(block.data);
}

/** A responses request without the reasoning that its provider did not seal itself. */
export const ownItemsOnly = (body: JsonObject): JsonObject =>
  Array.isArray(body.input) ? { ...body, input: (body.input as unknown[]).flatMap(ownItem) } : body;

/** What was written anew here has an id of ours, which its provider would not open it by: without any it does. */
function ownItem(item: unknown): unknown[] {
  if (!isObject(item) || item.type !== 'reasoning' || !isMarked(item.encrypted_content)) return [item];
  const { maker, signature, opaque } = readSeal(item.encrypted_content, 'openai', 'opaque');
  const { id: _, ...rest } = item;
  return maker === 'openai' ? [{ ...rest, encrypted_content: signature ?? opaque }] : [];
}
