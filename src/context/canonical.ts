import { hash } from 'node:crypto';
import type { MediaSource, Message, ToolResultPart, UserPart } from '../contracts/model-request.ts';

/**
 * A message in the form in which two of them are the same: what was said, called and answered, and nothing of how a format
 * or a client wrote it. What a model thought is no part of it, as clients send it back or don't, and no more is the white space
 * around its words, which many cut off.
 */
export function canonical(message: Message): string {
  switch (message.role) {
    case 'system':
      return `system\n${message.content.map(({ text }) => text).join('')}`;
    case 'user':
      return `user\n${message.content.map(userText).join('')}`;
    case 'assistant': {
      let [said, called] = ['', ''];
      for (const part of message.content) {
        if (part.type === 'text' || part.type === 'refusal') said += part.text;
        else if (part.type === 'tool-call')
          called += `\ncall ${part.id} ${part.name} ${compact(part.arguments)}`;
      }
      return `assistant\n${said.trim()}${called}`;
    }
    case 'tool':
      return `tool${message.content.map(resultText).join('')}`;
  }
}

/** Whether two messages are the same in that form: most are one text, and their texts are compared without any copy. */
export function isSameMessage(one: Message, other: Message): boolean {
  if (one.role !== other.role) return false;
  const [said, saidByOther] = [one.content[0], other.content[0]];
  if (one.content.length === 1 && other.content.length === 1)
    if (said?.type === 'text' && saidByOther?.type === 'text')
      return one.role === 'assistant'
        ? said.text.trim() === saidByOther.text.trim()
        : said.text === saidByOther.text;
  return canonical(one) === canonical(other);
}

const resultText = ({ id, content }: ToolResultPart): string =>
  `\nresult ${id} ${content.map(userText).join('')}`;

function userText(part: UserPart): string {
  if (part.type === 'text') return part.text;
  if (part.type === 'audio') return `\naudio ${hashOf(part)}`;
  return `\n${part.type} ${sourceText(part.source)}`;
}

function sourceText(source: MediaSource): string {
  if (source.type === 'file') return source.id;
  return source.type === 'url' ? source.url : hashOf(source);
}

const HASHES = new WeakMap<object, string>();

/** Once: a turn asks for the same picture's several times. */
function hashOf(holder: { readonly data: string }): string {
  const known = HASHES.get(holder) ?? hash('sha256', holder.data);
  HASHES.set(holder, known);
  return known;
}

/** Arguments come back with other spaces where a client has parsed them. */
function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

/** The rolling hash H(i) = sha256(H(i-1) ‖ canonical(message i)), from H(0) on. */
export function rolling(before: string, messages: readonly Message[]): string {
  return messages.reduce((previous, message) => hash('sha256', previous + canonical(message)), before);
}

/** The rolling hashes of the first messages of a log, from H(0) on. */
export function hashesOf(messages: readonly Message[], seed: string, count = messages.length): string[] {
  const hashes = [seed];
  for (const message of messages.slice(0, count)) hashes.push(rolling(hashes.at(-1) as string, [message]));
  return hashes;
}

/** Tenants whose seeds are kept of one secret. */
const MOST_SEEDS = 1000;
/** Each turn asks for its tenant's several times. They go with who holds the secret. */
const SEEDS = new WeakMap<object, Map<string, string>>();

/** H(0), keyed: who reads the store can't guess what was said by its digest. */
export function seedOf(keyed: { readonly secret: string }, tenant: string): string {
  const seeds = SEEDS.get(keyed) ?? new Map<string, string>();
  const known = seeds.get(tenant);
  if (known !== undefined) return known;
  if (seeds.size >= MOST_SEEDS) seeds.clear();
  const seed = hash('sha256', `${keyed.secret}\n${tenant}`);
  SEEDS.set(keyed, seeds.set(tenant, seed));
  return seed;
}

/** Those of before anything was sealed. */
export const formerSeedsOf = (
  { formerSecrets }: { readonly formerSecrets: readonly string[] },
  tenant: string,
): string[] => formerSecrets.map((secret) => seedOf({ secret }, tenant));

/** Of one message alone, short: 96 bits. */
export const digestOf = (seed: string, message: Message): string =>
  hash('sha256', seed + canonical(message)).slice(0, 24);

/** Of other words of a request, as short; '' of none. */
export const wishesDigest = (seed: string, wishes: string): string =>
  wishes === '' ? '' : hash('sha256', `${seed}\nwishes ${wishes}`).slice(0, 24);
