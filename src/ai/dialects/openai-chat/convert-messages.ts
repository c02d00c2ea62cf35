import type {
  AssistantPart,
  JsonObject,
  MediaSource,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { formatDataUrl } from '../../../lib/data-url.ts';
import { NotCarried } from '../../not-carried.ts';

/**
 * Messages as chat completions take them. Marks for a cache are left out: OpenAI caches by itself, and most others that
 * speak its format refuse fields that they don't know.
 */
export function convertMessages(
  system: readonly TextPart[],
  messages: readonly Message[],
  takesReasoning = false,
): JsonObject[] {
  const first = system.length > 0 ? [{ role: 'system', content: textOrParts(system) }] : [];
  return [...first, ...messages.flatMap((message) => convertMessage(message, takesReasoning))];
}

function convertMessage(message: Message, takesReasoning: boolean): JsonObject[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: textOrParts(message.content) }];
    case 'user':
      return [{ role: 'user', ...nameOf(message.name), content: userContent(message.content) }];
    case 'assistant':
      return [
        { role: 'assistant', ...nameOf(message.name), ...assistantFields(message.content, takesReasoning) },
      ];
    case 'tool':
      return message.content.map(toolMessage);
  }
}

const nameOf = (name: string | undefined): JsonObject => (name === undefined ? {} : { name });

/** A string where it can be: not everyone takes parts. */
function textOrParts(parts: readonly TextPart[]): unknown {
  return parts.length === 1 ? parts[0]?.text : parts.map(({ text }) => ({ type: 'text', text }));
}

function userContent(parts: readonly UserPart[]): unknown {
  const isText = (part: UserPart): part is TextPart => part.type === 'text';
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

const FAILED = 'The tool failed.';

/** @param takesReasoning whether the service wants back what its model thought; others refuse it, or let it go */
function assistantFields(parts: readonly AssistantPart[], takesReasoning: boolean): JsonObject {
  const calls: JsonObject[] = [];
  const texts: string[] = [];
  const refusals: string[] = [];
  const thoughts: string[] = [];
  for (const part of parts) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'refusal') refusals.push(part.text);
    else if (part.type === 'reasoning') {
      if (part.text !== '') thoughts.push(part.text);
    } else {
      const { id, name, arguments: text } = part;
      calls.push({ id, type: 'function', function: { name, arguments: text } });
    }
  }
  return {
    content: texts.length > 0 || calls.length + refusals.length === 0 ? texts.join('') : null,
    ...(takesReasoning && thoughts.length > 0 && { reasoning_content: thoughts.join('\n') }),
    ...(refusals.length > 0 && { refusal: refusals.join('') }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** That a tool failed is not said apart: the result's text says it, if it has one. */
function toolMessage({ id, content, isError }: ToolResultPart): JsonObject {
  const texts = content.map((part) => {
    if (part.type !== 'text') throw new NotCarried({ at: part.at });
    return part;
  });
  return {
    role: 'tool',
    tool_call_id: id,
    content: texts.length === 0 ? (isError ? FAILED : '') : textOrParts(texts),
  };
}
