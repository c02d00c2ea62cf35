import type { OwnOnly } from '../../contracts/provider.ts';
import { isObject } from '../../lib/json.ts';
import { holdsMark, isMarked, readSeal } from '../seal.ts';
import { ANTHROPIC_IDS, holdsOthersIds, toolId } from './tool-id.ts';

const entries = (list: unknown): readonly unknown[] => (Array.isArray(list) ? (list as unknown[]) : []);

/**
 * A messages request without what others than Anthropic's models thought, and with ids of their calls that it takes. A turn of
 * nothing but thoughts of others goes with them.
 */
export const ownBlocksOnly: OwnOnly = {
  isDue: (bytes) => holdsMark(bytes) || holdsOthersIds(bytes),
  write: (body) => ({
    ...body,
    messages: entries(body.messages).flatMap((message) => {
      if (!isObject(message) || !Array.isArray(message.content)) return [message];
      const content = (message.content as unknown[]).flatMap(ownBlock);
      return content.length === 0 && message.content.length > 0 ? [] : [{ ...message, content }];
    }),
  }),
};

function ownBlock(block: unknown): unknown[] {
  if (!isObject(block)) return [block];
  const { type, id, tool_use_id: ofResult } = block;
  if (type === 'thinking' && isMarked(block.signature)) return [];
  if (type === 'redacted_thinking' && isMarked(block.data)) return [];
  if (type === 'tool_use' && typeof id === 'string') return [{ ...block, id: toolId(id, ANTHROPIC_IDS) }];
  if (type === 'tool_result' && typeof ofResult === 'string')
    return [{ ...block, tool_use_id: toolId(ofResult, ANTHROPIC_IDS) }];
  return [block];
}

/** A responses request without the reasoning that its provider did not seal itself. */
export const ownItemsOnly: OwnOnly = {
  isDue: holdsMark,
  write: (body) =>
    Array.isArray(body.input) ? { ...body, input: (body.input as unknown[]).flatMap(ownItem) } : body,
};

/** What was written anew here has an id of ours, which its provider would not open it by: without any it does. */
function ownItem(item: unknown): unknown[] {
  if (!isObject(item) || item.type !== 'reasoning' || !isMarked(item.encrypted_content)) return [item];
  const { maker, signature, opaque } = readSeal(item.encrypted_content, 'openai', 'opaque');
  const { id: _, ...rest } = item;
  return maker === 'openai' ? [{ ...rest, encrypted_content: signature ?? opaque }] : [];
}
