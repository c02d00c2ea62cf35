import type {
  AssistantPart,
  JsonObject,
  MediaSource,
  Message,
  ReasoningPart,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import type { Thoughts } from '../../../contracts/openai-service.ts';
import { formatDataUrl } from '../../../lib/data-url.ts';
import { NotCarried } from '../../not-carried.ts';
import { extraContent, reasoningDetail } from '../../reasoning-detail.ts';
import { resultTexts } from '../result-texts.ts';
import { textResults } from '../text-results.ts';

/**
 * Messages as chat completions take them. Marks for a cache are left out: OpenAI caches by itself, and most others that
 * speak its format refuse fields that they don't know.
 */
export function convertMessages(
  system: readonly TextPart[],
  messages: readonly Message[],
  thoughts: Thoughts = 'none',
): JsonObject[] {
  const first = system.length > 0 ? [{ role: 'system', content: textOrParts(system) }] : [];
  const texts = messages.flatMap((message) => textResults(message));
  return [...first, ...texts.flatMap((message) => convertMessage(message, thoughts))];
}

function convertMessage(message: Message, thoughts: Thoughts): JsonObject[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: textOrParts(message.content) }];
    case 'user':
      return [{ role: 'user', ...nameOf(message.name), content: userContent(message.content) }];
    case 'assistant':
      return assistantMessages(message, thoughts);
    case 'tool':
      return message.content.map(toolMessage);
  }
}

const nameOf = (name: string | undefined): JsonObject => (name === undefined ? {} : { name });

/** A string where it can be: not everyone takes parts. */
function textOrParts(parts: readonly TextPart[]): unknown {
  return parts.length === 1 ? parts[0]?.text : parts.map(({ text }) => ({ type: 'text', text }));
}

const isText = (part: UserPart): part is TextPart => part.type === 'text';

function userContent(parts: readonly UserPart[]): unknown {
  return parts.every(isText) && parts.length > 0 ? textOrParts(parts) : parts.map(userPart);
}

function userPart(part: UserPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image': {
      const url = urlOf(part.source, part.at);
      return { type: 'image_url', image_url: { url, ...(part.detail && { detail: part.detail }) } };
    }
    case 'file': {
      const { source, name } = part;
      if (source.type === 'file') return { type: 'file', file: { file_id: source.id } };
      if (source.type === 'url') throw new NotCarried({ at: part.at });
      const file = { filename: name ?? 'file', file_data: formatDataUrl(source) };
      return { type: 'file', file };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
  }
}

function urlOf(source: MediaSource, at: string): string {
  if (source.type === 'file') throw new NotCarried({ at });
  return source.type === 'url' ? source.url : formatDataUrl(source);
}

/** None of pictures alone: nobody takes those back here, and who says nothing is refused. */
function assistantMessages(
  { name, content }: Extract<Message, { role: 'assistant' }>,
  thoughts: Thoughts,
): JsonObject[] {
  const fields = assistantFields(content, thoughts);
  const isEmpty = fields.content === '' && Object.keys(fields).length === 1;
  if (isEmpty && content.some(({ type }) => type === 'image')) return [];
  return [{ role: 'assistant', ...nameOf(name), ...fields }];
}

/** @param thoughts as the service wants them back; others refuse them, or let them go */
function assistantFields(parts: readonly AssistantPart[], thoughts: Thoughts): JsonObject {
  const calls: JsonObject[] = [];
  const texts: string[] = [];
  const refusals: string[] = [];
  const thought: string[] = [];
  const details: JsonObject[] = [];
  for (const [at, part] of parts.entries()) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'refusal') refusals.push(part.text);
    else if (part.type === 'reasoning') {
      if (part.text !== '') thought.push(part.text);
      details.push(...reasoningDetail(part));
    } else if (part.type === 'tool-call') {
      const { id, name, arguments: text } = part;
      const extra = thoughts === 'details' ? extraContent(sealBefore(parts, at)) : {};
      calls.push({ id, type: 'function', function: { name, arguments: text }, ...extra });
    }
  }
  return {
    content: texts.length > 0 || calls.length + refusals.length === 0 ? texts.join('') : null,
    ...(thoughts === 'content' && thought.length > 0 && { reasoning_content: thought.join('\n') }),
    ...(refusals.length > 0 && { refusal: refusals.join('') }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(thoughts === 'details' && details.length > 0 && { reasoning_details: details }),
  };
}

function sealBefore(parts: readonly AssistantPart[], at: number): ReasoningPart | undefined {
  const before = parts[at - 1];
  return before?.type === 'reasoning' ? before : undefined;
}

function toolMessage(result: ToolResultPart): JsonObject {
  const texts = resultTexts(result);
  return { role: 'tool', tool_call_id: result.id, content: texts.length === 0 ? '' : textOrParts(texts) };
}
