import type {
  AssistantPart,
  JsonObject,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { formatDataUrl } from '../../../lib/data-url.ts';
import { NotCarried } from '../../not-carried.ts';
import { resultTexts } from '../result-texts.ts';
import { textResults } from '../text-results.ts';

/** Messages as Cohere takes them. What a model thought is left out: Cohere takes it back from nobody. */
export function convertMessages(system: readonly TextPart[], messages: readonly Message[]): JsonObject[] {
  const first = system.length > 0 ? [{ role: 'system', content: textsOf(system) }] : [];
  return [...first, ...messages.flatMap((message) => textResults(message)).flatMap(convertMessage)];
}

function convertMessage(message: Message): JsonObject[] {
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: textsOf(message.content) }];
    case 'user':
      return [{ role: 'user', content: message.content.map(convertUserPart) }];
    case 'assistant':
      return assistantMessages(message.content);
    case 'tool':
      return message.content.map(convertResult);
  }
}

const textsOf = (parts: readonly TextPart[]): JsonObject[] =>
  parts.map(({ text }) => ({ type: 'text', text }));

function convertUserPart(part: UserPart): JsonObject {
  if (part.type === 'text') return { type: 'text', text: part.text };
  if (part.type !== 'image' || part.source.type === 'file') throw new NotCarried({ at: part.at });
  const { source, detail } = part;
  const url = source.type === 'url' ? source.url : formatDataUrl(source);
  return { type: 'image_url', image_url: { url, ...(detail && { detail }) } };
}

/** None of pictures or thoughts alone: Cohere takes neither back, and refuses who says nothing. */
function assistantMessages(parts: readonly AssistantPart[]): JsonObject[] {
  const fields = assistantFields(parts);
  const isNothing = parts.length > 0 && Object.keys(fields).length === 0;
  return isNothing ? [] : [{ role: 'assistant', ...fields }];
}

function assistantFields(parts: readonly AssistantPart[]): JsonObject {
  const content: JsonObject[] = [];
  const calls: JsonObject[] = [];
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') content.push({ type: 'text', text: part.text });
    else if (part.type === 'tool-call') {
      const { id, name, arguments: text } = part;
      calls.push({ id, type: 'function', function: { name, arguments: text } });
    }
  }
  return { ...(content.length > 0 && { content }), ...(calls.length > 0 && { tool_calls: calls }) };
}

function convertResult(result: ToolResultPart): JsonObject {
  const texts = resultTexts(result).map(({ text }) => text);
  return { role: 'tool', tool_call_id: result.id, content: texts.join('') };
}
