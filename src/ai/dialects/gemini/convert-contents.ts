import type {
  AssistantPart,
  JsonObject,
  MediaSource,
  Message,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { parseObject } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';

/** In place of the signature of a call that another model made: Gemini 3 wants one, and takes this (Google's own words). */
const UNSIGNED = 'skip_thought_signature_validator';
const SIGNS_CALLS = /^gemini-(?:[3-9]|\d\d)/;

/** Messages as Gemini takes them: the assistant is the `model`, and results of tools are the user's. */
export function convertContents(messages: readonly Message[], model: string): JsonObject[] {
  const contents: { role: string; parts: JsonObject[] }[] = [];
  const names = new Map<string, string>();
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'model' : 'user';
    const parts = convertParts(message, names);
    if (role === 'model' && SIGNS_CALLS.test(model)) signFirstCall(parts);
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts });
  }
  return contents;
}

/** @param names of tools by the id of their call: a result names the tool */
function convertParts(message: Message, names: Map<string, string>): JsonObject[] {
  // Gemini has one instruction, before all turns.
  if (message.role === 'system') throw new NotCarried({ at: message.at });
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'user':
      return message.content.map(convertUserPart);
    case 'assistant':
      for (const part of message.content) if (part.type === 'tool-call') names.set(part.id, part.name);
      return message.content.flatMap(convertAssistantPart);
    case 'tool':
      return message.content.map((part) => convertResult(part, part.name || names.get(part.id)));
  }
}

function convertUserPart(part: UserPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'audio':
      return { inlineData: { mimeType: `audio/${part.format}`, data: part.data } };
    case 'image':
    case 'file':
      return convertSource(part.source);
  }
}

const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  pdf: 'application/pdf',
};

function convertSource(source: MediaSource): JsonObject {
  if (source.type === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
  if (source.type === 'file') return { fileData: { fileUri: source.id } };
  const extension = /\.(\w+)(?:[?#]|$)/.exec(source.url)?.[1]?.toLowerCase() ?? '';
  const mimeType = TYPES[extension];
  return { fileData: { fileUri: source.url, ...(mimeType && { mimeType }) } };
}

/** What a model thought is left out: Gemini wants back the signatures of its calls, not the words. */
function convertAssistantPart(part: AssistantPart): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'reasoning':
      return [];
    case 'tool-call': {
      const args = part.arguments === '' ? {} : parseObject(part.arguments);
      if (!args) throw new NotCarried({ at: part.at });
      const { name, signature } = part;
      return [{ functionCall: { name, args }, ...(signature && { thoughtSignature: signature }) }];
    }
  }
}

function signFirstCall(parts: JsonObject[]): void {
  const at = parts.findIndex((part) => part.functionCall !== undefined);
  const call = parts[at];
  if (call && call.thoughtSignature === undefined) parts[at] = { ...call, thoughtSignature: UNSIGNED };
}

function convertResult({ at, content, isError }: ToolResultPart, name: string | undefined): JsonObject {
  if (name === undefined) throw new NotCarried({ at });
  const text = content.map((part) => {
    if (part.type !== 'text') throw new NotCarried({ at: part.at });
    return part.text;
  });
  return { functionResponse: { name, response: { [isError ? 'error' : 'output']: text.join('') } } };
}
