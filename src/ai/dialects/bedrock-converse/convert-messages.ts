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

type Turn = { readonly role: string; readonly content: JsonObject[] };

/**
 * Messages as Converse takes them: two roles in turn, and results of tools are the user's.
 * @param takesThoughts whether it may be a model of Anthropic's, which takes back what such models have signed
 */
export function convertMessages(messages: readonly Message[], takesThoughts: boolean): Turn[] {
  const converted: Turn[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = convertContent(message, takesThoughts);
    // An assistant that said nothing: a turn without a block is refused.
    if (content.length === 0) continue;
    const last = converted.at(-1);
    if (last?.role === role) last.content.push(...content);
    else converted.push({ role, content });
  }
  return converted;
}

function convertContent(message: Message, takesThoughts: boolean): JsonObject[] {
  // The system speaks before all turns.
  if (message.role === 'system') throw new NotCarried({ at: message.at });
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'user':
      return message.content.flatMap((part) => [convertUserPart(part), ...cachePoint(part.cache)]);
    case 'assistant':
      return message.content
        .filter(({ type }) => takesThoughts || type !== 'reasoning')
        .flatMap((part) => [...convertAssistantPart(part), ...cachePoint(part.cache)]);
    case 'tool':
      return message.content.flatMap((part) => [convertResult(part), ...cachePoint(part.cache)]);
  }
}

/** Where the cache may end: a block of its own, after what it keeps. */
export const cachePoint = (cache: CacheMark | undefined): JsonObject[] =>
  cache ? [{ cachePoint: { type: 'default', ...(cache.ttl && { ttl: cache.ttl }) } }] : [];

export const convertText = ({ text, cache }: TextPart): JsonObject[] => [{ text }, ...cachePoint(cache)];

function convertUserPart(part: UserPart): JsonObject {
  if (part.type === 'text') return { text: part.text };
  if (part.type === 'audio') return { audio: { format: part.format, source: { bytes: part.data } } };
  return convertMedia(part);
}

/** How closely an image is looked at (`detail`) is a matter of OpenAI's prices. */
function convertMedia(part: ImagePart | FilePart): JsonObject {
  const { source, at } = part;
  const bytes = sourceOf(source, at);
  if (part.type === 'image') return { image: { format: formatOf(source, at), source: bytes } };
  // Bedrock takes letters, digits, single spaces, hyphens, parentheses and brackets.
  const name = (part.name ?? 'document').replace(/[^\p{L}\p{N}\s()[\]-]/gu, '-').replace(/\s+/g, ' ');
  return { document: { format: formatOf(source, at), name, source: bytes } };
}

function sourceOf(source: MediaSource, at: string): JsonObject {
  if (source.type === 'base64') return { bytes: source.data };
  if (source.type === 'url' && source.url.startsWith('s3://')) return { s3Location: { uri: source.url } };
  throw new NotCarried({ at });
}

const FORMATS: Readonly<Record<string, string>> = {
  'image/jpg': 'jpeg',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};

/** `png` of `image/png`, or of the name of an object in S3. */
function formatOf(source: MediaSource, at: string): string {
  const type = source.type === 'base64' ? source.mediaType : '';
  const name = source.type === 'url' ? source.url : type;
  const format = FORMATS[type] ?? /[./](\w+)$/.exec(name)?.[1]?.toLowerCase();
  if (format === undefined) throw new NotCarried({ at });
  return format === 'jpg' ? 'jpeg' : format;
}

function convertAssistantPart(part: AssistantPart): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // Bedrock refuses an empty one.
      return part.text === '' ? [] : [{ text: part.text }];
    case 'reasoning': {
      const { text, signature, opaque, maker } = part;
      // What others have signed is not taken back.
      if (maker !== 'anthropic') return [];
      if (opaque !== undefined) return [{ reasoningContent: { redactedContent: opaque } }];
      return signature ? [{ reasoningContent: { reasoningText: { text, signature } } }] : [];
    }
    case 'tool-call': {
      const input = part.arguments === '' ? {} : parseObject(part.arguments);
      if (!input) throw new NotCarried({ at: part.at });
      return [{ toolUse: { toolUseId: toolId(part.id, ANTHROPIC_IDS), name: part.name, input } }];
    }
  }
}

const convertResult = ({ id, content, isError }: ToolResultPart): JsonObject => ({
  toolResult: {
    toolUseId: toolId(id, ANTHROPIC_IDS),
    content: content.map((part) => (part.type === 'text' ? { text: part.text } : convertMedia(part))),
    ...(isError && { status: 'error' }),
  },
});
