import type {
  AssistantPart,
  FilePart,
  ImagePart,
  JsonObject,
  MediaSource,
  Message,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { parseObject } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { withoutBlanks } from '../blank.ts';
import { type Spoken, systemInUserTurns } from '../late-system.ts';
import { textResults } from '../text-results.ts';
import { turnsOf } from '../turns.ts';
import { isSince3 } from './generation.ts';

/** In place of the signature of a call that another model made: Gemini 3 wants one, and takes this (Google's own words). */
const UNSIGNED = 'skip_thought_signature_validator';

/**
 * Messages as Gemini takes them: the assistant is the `model`, and results of tools are the user's. It has one instruction, before all
 * turns.
 */
export function convertContents(messages: readonly Message[], model: string): JsonObject[] {
  const calls = new Calls(isSince3(model));
  const texts = messages.flatMap((message) => textResults(message, (part) => staysIn(part, calls)));
  const turns = turnsOf(
    systemInUserTurns(texts),
    ({ role }) => (role === 'assistant' ? 'model' : 'user'),
    (message) => convertParts(message, calls),
  );
  return turns.map(({ role, content }) => ({ role, parts: content }));
}

/** What newer models take in a result itself. */
const staysIn = ({ source }: ImagePart | FilePart, { haveIds }: Calls): boolean =>
  haveIds && source.type === 'base64';

/** The calls so far, by their ids: a result names its tool, and stands where its call stood. */
class Calls {
  /** Whether the model knows calls by ids; if not, the results of one tool are told apart by their order alone. */
  readonly haveIds: boolean;
  readonly #names = new Map<string, string>();
  readonly #order = new Map<string, number>();

  constructor(haveIds: boolean) {
    this.haveIds = haveIds;
  }

  add({ id, name }: ToolCallPart): void {
    this.#names.set(id, name);
    this.#order.set(id, this.#order.size);
  }

  nameOf({ id, name }: ToolResultPart): string | undefined {
    return name || this.#names.get(id);
  }

  idOf(id: string): JsonObject {
    return this.haveIds ? { id } : {};
  }

  inOrder(results: readonly ToolResultPart[]): ToolResultPart[] {
    const place = ({ id }: ToolResultPart): number => this.#order.get(id) ?? this.#order.size;
    return results.toSorted((a, b) => place(a) - place(b));
  }
}

function convertParts(message: Spoken, calls: Calls): JsonObject[] {
  if ('name' in message && message.name !== undefined) throw new NotCarried({ at: `${message.at}.name` });
  switch (message.role) {
    case 'user':
      return withoutBlanks(message.content).map(convertUserPart);
    case 'assistant':
      for (const part of message.content) if (part.type === 'tool-call') calls.add(part);
      return convertAnswer(message.content, calls);
    case 'tool':
      return calls.inOrder(message.content).map((part) => convertResult(part, calls));
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

/** What a model thought is left out: Gemini wants back the signatures of its calls, texts and pictures, not the words. */
function convertAnswer(content: readonly AssistantPart[], calls: Calls): JsonObject[] {
  const parts: JsonObject[] = [];
  const ofTexts: { signature: string; at: number }[] = [];
  const ofPictures: string[] = [];
  let ofCall: string | undefined;
  for (const part of withoutBlanks(content)) {
    const { opaque = '', maker } = part.type === 'reasoning' ? part : {};
    if (maker === 'google') ofCall = opaque;
    else if (maker === 'google-text') ofTexts.push({ signature: opaque, at: parts.length });
    else if (maker === 'google-image') ofPictures.push(opaque);
    else if (part.type === 'image') parts.push(...convertPicture(part, ofPictures.shift(), calls));
    else if (part.type === 'tool-call') {
      parts.push({ functionCall: convertCall(part, calls), ...(ofCall && { thoughtSignature: ofCall }) });
      ofCall = undefined;
    } else if (part.type !== 'reasoning') parts.push({ text: part.text });
  }
  for (const { signature, at } of ofTexts) signText(parts, signature, at);
  if (calls.haveIds) signFirstCall(parts);
  return parts;
}

/** Chats have signatures apart: those of pictures are in their order. Newer models refuse a picture without one. */
function convertPicture({ source }: ImagePart, signature: string | undefined, calls: Calls): JsonObject[] {
  if (signature === undefined) return calls.haveIds ? [] : [convertSource(source)];
  return [{ ...convertSource(source), thoughtSignature: signature }];
}

function convertCall({ id, name, at, arguments: said }: ToolCallPart, calls: Calls): JsonObject {
  const args = said === '' ? {} : parseObject(said);
  if (!args) throw new NotCarried({ at });
  return { ...calls.idOf(id), name, args };
}

/** The text before it, or the one behind: chats have signatures apart. Without any nothing needs it. */
function signText(parts: JsonObject[], signature: string, before: number): void {
  const isText = ({ text }: JsonObject): boolean => text !== undefined;
  const last = parts.slice(0, before).findLastIndex(isText);
  const at = last < 0 ? parts.findIndex(isText) : last;
  if (at >= 0) parts[at] = { ...parts[at], thoughtSignature: signature };
}

function signFirstCall(parts: JsonObject[]): void {
  const at = parts.findIndex((part) => part.functionCall !== undefined);
  const call = parts[at];
  if (call && call.thoughtSignature === undefined) parts[at] = { ...call, thoughtSignature: UNSIGNED };
}

function convertResult(result: ToolResultPart, calls: Calls): JsonObject {
  const { at, id, content, isError } = result;
  const name = calls.nameOf(result);
  if (name === undefined) throw new NotCarried({ at });
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const parts = content.flatMap((part) => (part.type === 'text' ? [] : [convertSource(part.source)]));
  const response = { [isError ? 'error' : 'output']: text };
  return {
    functionResponse: { ...calls.idOf(id), name, response, ...(parts.length > 0 && { parts }) },
  };
}
