import type {
  AssistantPart,
  CacheMark,
  FilePart,
  ImagePart,
  MediaSource,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { GatewayError } from '../../../errors/gateway-error.ts';
import { readSeal } from '../../seal.ts';
import type { Fields } from '../fields.ts';
import { withoutImages } from './image-text.ts';

/** The turns of a conversation. Results of tools, which stand among the user's parts, become a message of their own. */
export function readMessages(list: readonly Fields[]): Message[] {
  const tools = new Map<string, string>();
  return list.flatMap((fields): Message[] => {
    const { at } = fields;
    const role = fields.needed('role');
    let read: Message[];
    if (role === 'system') read = [{ role, at, content: systemOf(fields, 'content') }];
    else if (role === 'assistant')
      read = [{ role, at, content: partsOf(fields, assistantPart).flatMap(withPictures) }];
    else if (role === 'user') read = userMessages(fields, tools);
    else throw new GatewayError('body_invalid', { param: `${at}.role`, detail: `There is no role ${role}.` });
    for (const message of read) {
      if (message.role !== 'assistant') continue;
      for (const part of message.content) if (part.type === 'tool-call') tools.set(part.id, part.name);
    }
    fields.leave();
    return read;
  });
}

function userMessages(fields: Fields, tools: ReadonlyMap<string, string>): Message[] {
  const { at } = fields;
  const results: ToolResultPart[] = [];
  const content: UserPart[] = [];
  for (const part of partsOf(fields, (block, type) =>
    type === 'tool_result' ? toolResult(block, tools) : mediaPart(block, type),
  )) {
    if (part.type === 'tool-result') results.push(part);
    else content.push(part);
  }
  const messages: Message[] = [];
  if (results.length > 0) messages.push({ role: 'tool', at, content: results });
  if (content.length > 0 || results.length === 0) messages.push({ role: 'user', at, content });
  return messages;
}

/** A text, or a list of text blocks. */
export const systemOf = (fields: Fields, key: string): TextPart[] =>
  partsOf(fields, (block, type) => (type === 'text' ? textPart(block) : undefined), key);

/** Blocks that are not known are given up as a whole. */
function partsOf<P>(
  fields: Fields,
  read: (block: Fields, type: string) => P | undefined,
  key = 'content',
): (P | TextPart)[] {
  const content = fields.raw(key);
  if (content === undefined) return [];
  if (typeof content === 'string') return [{ type: 'text', at: fields.place(key), text: content }];
  return fields.each(key).flatMap((block) => {
    const part = read(block, block.needed('type'));
    if (part === undefined) block.giveUp();
    else block.leave();
    return part === undefined ? [] : [part];
  });
}

/** Also on the request itself, and on tools. */
export function cacheOf(fields: Fields): { cache?: CacheMark } {
  const mark = fields.inner('cache_control');
  return mark ? { cache: { ttl: mark.text('ttl') } } : {};
}

function textPart(block: Fields): TextPart {
  // Of an answer that comes back; what was cited is said in the text.
  block.raw('citations');
  return { type: 'text', at: block.at, text: block.needed('text'), ...cacheOf(block) };
}

function mediaPart(block: Fields, type: string): TextPart | ImagePart | FilePart | undefined {
  if (type === 'text') return textPart(block);
  const source = type === 'image' || type === 'document' ? sourceOf(block.inner('source')) : undefined;
  if (!source) return undefined;
  if (type === 'image') return { type, at: block.at, source, ...cacheOf(block) };
  const citations = block.inner('citations');
  citations?.passOver('enabled', false);
  citations?.leave();
  return { type: 'file', at: block.at, source, name: block.text('title'), ...cacheOf(block) };
}

function sourceOf(source: Fields | undefined): MediaSource | undefined {
  const type = source?.text('type');
  if (!source) return undefined;
  if (type === 'base64') return { type, mediaType: source.needed('media_type'), data: source.needed('data') };
  if (type === 'url') return { type, url: source.needed('url') };
  if (type === 'file') return { type, id: source.needed('file_id') };
  if (type !== 'text') return undefined;
  const data = Buffer.from(source.needed('data')).toString('base64');
  return { type: 'base64', mediaType: source.text('media_type') ?? 'text/plain', data };
}

function toolResult(block: Fields, tools: ReadonlyMap<string, string>): ToolResultPart {
  const id = block.needed('tool_use_id');
  return {
    type: 'tool-result',
    at: block.at,
    id,
    name: tools.get(id) ?? '',
    content: partsOf(block, mediaPart),
    isError: block.flag('is_error'),
    ...cacheOf(block),
  };
}

const withPictures = (part: AssistantPart): AssistantPart[] =>
  part.type === 'text' ? withoutImages(part) : [part];

function assistantPart(block: Fields, type: string): AssistantPart | undefined {
  const { at } = block;
  if (type === 'text') return textPart(block);
  if (type === 'thinking') {
    const seal = readSeal(block.text('signature'), 'anthropic', 'signature');
    return { type: 'reasoning', at, text: block.needed('thinking'), ...seal };
  }
  if (type === 'redacted_thinking')
    return { type: 'reasoning', at, text: '', ...readSeal(block.needed('data'), 'anthropic', 'opaque') };
  if (type !== 'tool_use') return undefined;
  block.raw('caller');
  const args = JSON.stringify(block.json('input') ?? {});
  const [id, name] = [block.needed('id'), block.needed('name')];
  return { type: 'tool-call', at, id, name, arguments: args, ...cacheOf(block) };
}
