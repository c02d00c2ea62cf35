import type { JsonObject, Maker } from '../../contracts/model-request.ts';
import type { OwnOnly } from '../../contracts/provider.ts';
import { isObject } from '../../lib/json.ts';
import { holdsMark, holdsSeal, isMarked, readSeal } from '../seal.ts';
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

/**
 * A responses request without the reasoning that its provider did not seal itself. Without a mark a seal is OpenAI's: those of all
 * others have one.
 */
export const ownItemsOnly = (maker: Maker): OwnOnly => ({
  isDue: (bytes) =>
    (maker === 'openai' ? holdsMark(bytes) : holdsSeal(bytes)) ||
    (OPENS_BY_ID.test(maker) && bytes.includes(SAID_OPENLY)),
  write: (body) =>
    Array.isArray(body.input)
      ? { ...body, input: (body.input as unknown[]).flatMap((item) => ownItem(item, maker)) }
      : body,
});

/** What services that seal nothing show of their thoughts: OpenAI refuses a thought that comes with it. */
const SAID_OPENLY = '"reasoning_text"';
const isSaidOpenly = ({ type, content }: JsonObject): boolean =>
  type === 'reasoning' && Array.isArray(content) && content.length > 0;

function ownItem(item: unknown, own: Maker): unknown[] {
  if (isObject(item) && OPENS_BY_ID.test(own) && isSaidOpenly(item)) return [];
  if (!isObject(item) || typeof item.encrypted_content !== 'string') return [item];
  const { encrypted_content: sealed, id, ...rest } = item;
  const { maker, signature, opaque } = readSeal(sealed, 'openai', 'opaque');
  // Other items are what the rest is about (a conversation that was made compact): without them it would be another.
  if (maker !== own) return sealed !== '' && item.type === 'reasoning' ? [] : [item];
  if (!isMarked(sealed)) return [item];
  const isNamed = id !== undefined && !OPENS_BY_ID.test(own);
  return [{ ...rest, ...(isNamed && { id }), encrypted_content: signature ?? opaque }];
}

/** What was written anew here has an id of ours, which OpenAI would not open it by: without any it does. */
const OPENS_BY_ID = /^(?:azure-)?openai/;

/** As only this gateway calls them: OpenRouter has no name for seals of pictures. */
const OF_PICTURES = 'google-image';

/** A chat request without the seals of pictures that Google's models made. */
export const withoutPictureSeals: OwnOnly = {
  isDue: (bytes) => bytes.includes(`"${OF_PICTURES}"`),
  write: (body) =>
    Array.isArray(body.messages) ? { ...body, messages: body.messages.map(withoutSealsOfPictures) } : body,
};

function withoutSealsOfPictures(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message.reasoning_details)) return message;
  const isOther = (detail: unknown): boolean => !isObject(detail) || detail.format !== OF_PICTURES;
  const { reasoning_details: details, ...rest } = message;
  const others = (details as unknown[]).filter(isOther);
  return others.length === 0 ? rest : { ...message, reasoning_details: others };
}
