import { guardedText } from '../../lib/answer-filters.ts';
import { isExactNumber } from '../../lib/exact-json.ts';
import type { MessageCall } from '../call.ts';

type Guard = (text: string) => string;
interface Guarding {
  readonly guard: Guard;
  /** Fields whose value is for people or models, in all that it holds. */
  readonly fields: ReadonlySet<string>;
}

/** Of results; the rest is names, addresses and data of the protocol. */
const OF_RESULTS: ReadonlySet<string> = new Set([
  'text',
  'structuredContent',
  'completion',
  'description',
  'title',
  'instructions',
]);
/** Of errors, questions, progress and log. */
const OF_MESSAGES: ReadonlySet<string> = new Set([...OF_RESULTS, 'message', 'data', 'systemPrompt']);

/** Keys of `_meta` that are the protocol's own: they have a meaning for clients that no text has. */
const RESERVED = /^(?:progressToken$|(?:[a-z0-9-]+\.)(?:modelcontextprotocol|mcp)(?:\.[a-z0-9-]+)*\/)/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Leads the words of an error or of what a server says by itself through the guards: questions, progress, log. The same
 * object if nothing of them changes.
 */
export function guardedMessage<T>(message: T, call: MessageCall): T {
  const guard = guardOf(call);
  return guard ? (guardIn(message, { guard, fields: OF_MESSAGES }, false) as T) : message;
}

/** Leads the texts of a result through the guards: of tools, prompts and resources, and of questions. */
export function guardedResult<T extends Readonly<Record<string, unknown>>>(result: T, call: MessageCall): T {
  const guard = guardOf(call);
  if (!guard) return result;
  const guarded = guardIn(result, { guard, fields: OF_RESULTS }, false) as T;
  if (guarded.inputRequests === undefined) return guarded;
  const inputRequests = guardIn(guarded.inputRequests, { guard, fields: OF_MESSAGES }, false);
  return inputRequests === guarded.inputRequests ? guarded : { ...guarded, inputRequests };
}

function guardOf({ policies, exchange }: MessageCall): Guard | undefined {
  if (!policies.areGuards) return undefined;
  const guards = policies.openGuards(exchange);
  return (text) => guardedText(guards, 'text', text);
}

/** Every text of a value: all of them where it is one itself, else those of the fields. */
function guardIn(value: unknown, how: Guarding, isText: boolean): unknown {
  if (typeof value === 'string') return isText ? how.guard(value) : value;
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return value;
  if (Array.isArray(value)) {
    const guarded = value.map((each) => guardIn(each, how, isText));
    return guarded.some((each, at) => each !== value[at]) ? guarded : value;
  }
  return guardObject(value as Record<string, unknown>, how, isText);
}

function guardObject(value: Record<string, unknown>, how: Guarding, isText: boolean): object {
  const guarded = new Map<string, unknown>();
  let isChanged = false;
  for (const [key, each] of Object.entries(value)) {
    const name = isText ? unused(how.guard(key), guarded) : key;
    const other = guardField(key, each, value, how, isText);
    if (name !== key || other !== each) isChanged = true;
    guarded.set(name, other);
  }
  return isChanged ? Object.fromEntries(guarded) : value;
}

function guardField(
  key: string,
  value: unknown,
  holder: Record<string, unknown>,
  how: Guarding,
  isText: boolean,
): unknown {
  if (!isText && key === 'data' && isMedia(holder)) return value;
  if (key !== '_meta' || typeof value !== 'object' || value === null)
    return guardIn(value, how, isText || how.fields.has(key));
  // Whatever its server likes, beside what is the protocol's.
  const meta = Object.entries(value).map(([name, each]) => [
    name,
    RESERVED.test(name) ? each : guardIn(each, how, true),
  ]);
  return meta.some(([name, each]) => each !== (value as Record<string, unknown>)[name as string])
    ? Object.fromEntries(meta)
    : value;
}

/** Two keys that are one after their guard are both there. */
function unused(name: string, taken: ReadonlyMap<string, unknown>): string {
  let unique = name;
  for (let at = 2; taken.has(unique); at++) unique = `${name} ${at}`;
  return unique;
}

/** Whether it is an image or a sound, whose data is no text. */
const isMedia = ({ type, mimeType, data }: Record<string, unknown>): boolean =>
  (type === 'image' || type === 'audio') &&
  typeof mimeType === 'string' &&
  typeof data === 'string' &&
  BASE64.test(data);
