import type {
  AssistantPart,
  JsonObject,
  MediaSource,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../contracts/model-request.ts';
import { formatDataUrl } from '../../lib/data-url.ts';
import { NotCarried } from '../not-carried.ts';
import { sealOf } from '../seal.ts';
import { isBreak } from './answer-parts.ts';

/**
 * Messages as items of a responses request: what the assistant said, thought and called stands in items of its own.
 * @param ids of the items, as their provider named them; they count only if they are as many
 */
export function writeItems(messages: readonly Message[], ids: readonly string[] = []): JsonObject[] {
  const items = messages.flatMap((message) => itemsOf(message, ids.length > 0));
  return items.length === ids.length ? items.map((item, at) => ({ id: ids[at], ...item })) : items;
}

/** @param isNamed text behind text is a message of its own: so it was named */
function itemsOf(message: Message, isNamed: boolean): JsonObject[] {
  switch (message.role) {
    case 'system':
      return [{ type: 'message', role: 'developer', content: message.content.map(inputPart) }];
    case 'user':
      return [{ type: 'message', role: 'user', content: message.content.map(inputPart) }];
    case 'assistant':
      return assistantItems(message.content, isNamed);
    case 'tool':
      return message.content.map(resultItem);
  }
}

const resultItem = ({ id, content }: ToolResultPart): JsonObject => {
  const [only] = content;
  const isText = content.length === 1 && only?.type === 'text';
  return {
    type: 'function_call_output',
    call_id: id,
    output: isText ? only.text : content.map(inputPart),
  };
};

function assistantItems(parts: readonly AssistantPart[], isNamed: boolean): JsonObject[] {
  const items: JsonObject[] = [];
  let said: JsonObject[] = [];
  const flush = (): void => {
    if (said.length > 0) items.push({ type: 'message', role: 'assistant', content: said });
    said = [];
  };
  for (const [at, part] of parts.entries()) {
    if (isNamed && isBreak(parts[at - 1], part)) flush();
    if (part.type === 'text') said.push({ type: 'output_text', text: part.text });
    else if (part.type === 'refusal') said.push({ type: 'refusal', refusal: part.text });
    else if (part.type === 'tool-call') {
      flush();
      const { id, name, arguments: text } = part;
      items.push({ type: 'function_call', call_id: id, name, arguments: text });
    } else if (part.type === 'reasoning') {
      const sealed = sealOf(part, 'openai');
      // Without what its maker sealed there is nothing to give back.
      if (sealed === undefined) continue;
      flush();
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      items.push({ type: 'reasoning', summary, encrypted_content: sealed });
    }
  }
  flush();
  return items;
}

function inputPart(part: UserPart | TextPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return {
        type: 'input_image',
        ...(part.source.type === 'file' ? { file_id: part.source.id } : { image_url: urlOf(part.source) }),
        ...(part.detail && { detail: part.detail }),
      };
    case 'file':
      if (part.source.type === 'file') return { type: 'input_file', file_id: part.source.id };
      if (part.source.type === 'url') return { type: 'input_file', file_url: part.source.url };
      return { type: 'input_file', filename: part.name ?? 'file', file_data: formatDataUrl(part.source) };
    case 'audio':
      throw new NotCarried({ at: part.at });
  }
}

const urlOf = (source: Exclude<MediaSource, { type: 'file' }>): string =>
  source.type === 'url' ? source.url : formatDataUrl(source);
