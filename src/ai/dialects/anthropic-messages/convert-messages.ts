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
import { parseObject, textOf } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { FAILED, withoutBlanks } from '../blank.ts';
import { ttlOf } from '../cache-ttl.ts';
import { hearsSystemLate } from '../claude.ts';
import { asSystem } from '../late-system.ts';
import { ANTHROPIC_IDS, toolId } from '../tool-id.ts';
import { merge, type Turn, turnsOf } from '../turns.ts';

/** Messages as Anthropic's format has them: results of tools are the user's, and stand first in their message. */
export const convertMessages = (messages: readonly Message[]): Turn[] =>
  turnsOf(messages, ({ role }) => (role === 'tool' ? 'user' : role), convertContent);

/**
 * The same as a model takes them. What the system says late stays the system's where it may: in newer models, after the user and before an
 * answer or at the end. Elsewhere it is in the user's turn.
 */
export function convertMessagesFor(model: string, messages: readonly Message[]): Turn[] {
  const turns = convertMessages(messages);
  const isHeard = hearsSystemLate(model);
  const isPlaced = (at: number): boolean => turns[at - 1]?.role === 'user' && turns[at + 1]?.role !== 'user';
  return merge(
    turns.map((turn, at) =>
      turn.role !== 'system' || (isHeard && isPlaced(at))
        ? turn
        : { role: 'user', content: turn.content.map(marked) },
    ),
  );
}

const marked = (block: JsonObject): JsonObject => ({ ...block, text: asSystem(textOf(block.text)) });

function convertContent(message: Message): JsonObject[] {
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'system':
      return withoutBlanks(message.content).map(convertText);
    case 'user':
      return withoutBlanks(message.content).map(convertUserPart);
    case 'assistant':
      return withoutBlanks(message.content).flatMap(convertAssistantPart);
    case 'tool':
      return message.content.map(convertResult);
  }
}

/** Where the cache may end. */
export function cacheControl(cache: CacheMark | undefined): JsonObject {
  if (!cache) return {};
  const ttl = ttlOf(cache);
  return { cache_control: { type: 'ephemeral', ...(ttl && { ttl }) } };
}

export const convertText = ({ text, cache }: TextPart): JsonObject => ({
  type: 'text',
  text,
  ...cacheControl(cache),
});

function convertUserPart(part: UserPart): JsonObject {
  if (part.type === 'audio') throw new NotCarried({ at: part.at });
  return part.type === 'text' ? convertText(part) : convertMedia(part);
}

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
      return [convertText(part)];
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [];
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

function convertResult({ id, content, isError, cache }: ToolResultPart): JsonObject {
  const said = withoutBlanks(content);
  return {
    type: 'tool_result',
    tool_use_id: toolId(id, ANTHROPIC_IDS),
    content:
      said.length === 0 && isError
        ? [{ type: 'text', text: FAILED }]
        : said.map((part) => (part.type === 'text' ? convertText(part) : convertMedia(part))),
    ...(isError && { is_error: true }),
    ...cacheControl(cache),
  };
}
