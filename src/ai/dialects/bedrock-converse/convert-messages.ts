import type {
  AssistantPart,
  FilePart,
  ImagePart,
  JsonObject,
  MediaSource,
  ReasoningPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { parseObject } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { FAILED, withoutBlanks } from '../blank.ts';
import type { Spoken } from '../late-system.ts';
import { ANTHROPIC_IDS, toolId } from '../tool-id.ts';
import { type Turn, turnsOf } from '../turns.ts';
import { DocumentNames } from './document-names.ts';
import type { WriteMark } from './marks.ts';

/** How a model takes what is said to it. */
interface Manner {
  /** It may be one of Anthropic's, which take back what such models have signed. */
  readonly takesThoughts: boolean;
  readonly mark: WriteMark;
}

/** Messages as Converse takes them: two roles in turn, and results of tools are the user's. */
export function convertMessages(messages: readonly Spoken[], manner: Manner): Turn[] {
  const names = new DocumentNames();
  return turnsOf(
    messages,
    ({ role }) => (role === 'assistant' ? 'assistant' : 'user'),
    (message) => convertContent(message, manner, names),
  );
}

function convertContent(
  message: Spoken,
  { takesThoughts, mark }: Manner,
  names: DocumentNames,
): JsonObject[] {
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'user':
      return withoutBlanks(message.content).flatMap((part) => [
        convertUserPart(part, names),
        ...mark(part.cache),
      ]);
    case 'assistant':
      return withoutBlanks(message.content).flatMap((part) => {
        if (part.type === 'reasoning') return takesThoughts ? convertThought(part) : [];
        if (part.type === 'image') return [];
        return [convertAnswerPart(part), ...mark(part.cache)];
      });
    case 'tool':
      return message.content.flatMap((part) => [convertResult(part, names), ...mark(part.cache, 'results')]);
  }
}

function convertUserPart(part: UserPart, names: DocumentNames): JsonObject {
  if (part.type === 'text') return { text: part.text };
  if (part.type === 'audio') return { audio: { format: part.format, source: { bytes: part.data } } };
  return convertMedia(part, names);
}

function convertMedia(part: ImagePart | FilePart, names: DocumentNames): JsonObject {
  const { source, at } = part;
  const bytes = sourceOf(source, at);
  if (part.type === 'image') return { image: { format: formatOf(source, at), source: bytes } };
  return { document: { format: formatOf(source, at), name: names.take(part.name), source: bytes } };
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

function convertThought({ text, signature, opaque, maker }: ReasoningPart): JsonObject[] {
  // What others have signed is not taken back.
  if (maker !== 'anthropic') return [];
  if (opaque !== undefined) return [{ reasoningContent: { redactedContent: opaque } }];
  return signature ? [{ reasoningContent: { reasoningText: { text, signature } } }] : [];
}

function convertAnswerPart(part: Exclude<AssistantPart, ReasoningPart | ImagePart>): JsonObject {
  if (part.type !== 'tool-call') return { text: part.text };
  const input = part.arguments === '' ? {} : parseObject(part.arguments);
  if (!input) throw new NotCarried({ at: part.at });
  return { toolUse: { toolUseId: toolId(part.id, ANTHROPIC_IDS), name: part.name, input } };
}

function convertResult({ id, content, isError }: ToolResultPart, names: DocumentNames): JsonObject {
  const said = withoutBlanks(content).map((part) =>
    part.type === 'text' ? { text: part.text } : convertMedia(part, names),
  );
  return {
    toolResult: {
      toolUseId: toolId(id, ANTHROPIC_IDS),
      content: said.length > 0 ? said : [{ text: isError ? FAILED : '(no output)' }],
      ...(isError && { status: 'error' }),
    },
  };
}
