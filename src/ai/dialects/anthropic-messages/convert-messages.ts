import type {
  AssistantPart,
  CacheMark,
  FilePart,
  ImagePart,
  JsonObject,
  MediaSource,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { parseObject } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { ANTHROPIC_IDS, toolId } from '../tool-id.ts';

/** Messages as Anthropic takes them: results of tools are the user's, and stand first in their message. */
export function convertMessages(messages: readonly Message[]): JsonObject[] {
  const converted: { role: string; content: JsonObject[] }[] = [];
  for (const message of messages) {
    const role = message.role === 'tool' ? 'user' : message.role;
    const content = convertContent(message);
    // An assistant that said nothing: a turn without a block is refused.
    if (content.length === 0) continue;
    const last = converted.at(-1);
    if (last?.role === role) last.content.push(...content);
    else converted.push({ role, content });
  }
  return converted;
}

function convertContent(message: Message): JsonObject[] {
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'system':
      return message.content.map(convertText);
    case 'user':
      return message.content.map(convertUserPart);
    case 'assistant':
      return message.content.flatMap(convertAssistantPart);
    case 'tool':
      return message.content.map(convertResult);
  }
}

/** Where the cache may end. */
export const cacheControl = (cache: CacheMark | undefined): JsonObject =>
  cache ? { cache_control: { type: 'ephemeral', ...(cache.ttl && { ttl: cache.ttl }) } } : {};

export const convertText = ({ text, cache }: TextPart): JsonObject => ({
  type: 'text',
  text,
  ...cacheControl(cache),
});

function convertUserPart(part: UserPart): JsonObject {
  if (part.type === 'audio') throw new NotCarried({ at: part.at });
  return part.type === 'text' ? convertText(part) : convertMedia(part);
}

/** How closely an image is looked at (`detail`) is a matter of OpenAI's prices; Anthropic has one way to look. */
function convertMedia(part: ImagePart | FilePart): JsonObject {
  if (part.type === 'image')
    return { type: 'image', source: convertSource(part.source), ...cacheControl(part.cache) };
  const { source, name } = part;
  return {
    type: 'document',
    source: source.type === 'base64' ? documentSource(source.mediaType, source.data) : convertSource(source),
    ...(name && { title: name }),
    ...cacheControl(part.cache),
  };
}

function convertSource(source: MediaSource): JsonObject {
  if (source.type === 'url') return { type: 'url', url: source.url };
  if (source.type === 'file') return { type: 'file', file_id: source.id };
  return { type: 'base64', media_type: source.mediaType, data: source.data };
}

/** Text goes as text; in base64 Anthropic takes PDF alone. */
const documentSource = (mediaType: string, data: string): JsonObject =>
  mediaType.startsWith('text/')
    ? { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') }
    : { type: 'base64', media_type: mediaType, data };

function convertAssistantPart(part: AssistantPart): JsonObject[] {
  switch (part.type) {
    case 'text':
      // Anthropic refuses an empty one.
      return part.text === '' ? [] : [convertText(part)];
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning':
      // What it has not signed itself is not taken back.
      if (part.maker !== 'anthropic') return [];
      if (part.opaque !== undefined) return [{ type: 'redacted_thinking', data: part.opaque }];
      if (!part.signature) return [];
      return [{ type: 'thinking', thinking: part.text, signature: part.signature }];
    case 'tool-call': {
      const input = part.arguments === '' ? {} : parseObject(part.arguments);
      if (!input) throw new NotCarried({ at: part.at });
      const id = toolId(part.id, ANTHROPIC_IDS);
      return [{ type: 'tool_use', id, name: part.name, input, ...cacheControl(part.cache) }];
    }
  }
}

const convertResult = ({ id, content, isError, cache }: ToolResultPart): JsonObject => ({
  type: 'tool_result',
  tool_use_id: toolId(id, ANTHROPIC_IDS),
  content: content.map((part) => (part.type === 'text' ? convertText(part) : convertMedia(part))),
  ...(isError && { is_error: true }),
  ...cacheControl(cache),
});
