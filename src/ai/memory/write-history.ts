import type { PromptShape } from '../../context/ports.ts';
import type { FormatName } from '../../contracts/format.ts';
import type { AssistantPart, JsonObject, Message, TextPart } from '../../contracts/model-request.ts';
import { isObject } from '../../lib/json.ts';
import { convertMessages as toMessages } from '../dialects/anthropic-messages/convert-messages.ts';
import { convertMessages as toChat } from '../dialects/openai-chat/convert-messages.ts';
import { asRefusal } from '../translation.ts';
import { writeItems } from './write-items.ts';

/** What is put before, and with, what a client sends. */
export interface History {
  readonly shape: PromptShape;
  /** The new messages, where the client's own are not to go on: it sent all of the conversation. */
  readonly tail: readonly Message[] | undefined;
  /** The only provider that may answer; '' if there are several. What one has signed, no other takes back. */
  readonly provider: string;
}

const SYSTEM: ReadonlySet<unknown> = new Set(['system', 'developer']);

/**
 * The client's body with the conversation in it, in its own format: system texts, the summary of what is long ago, the
 * turns, and what the client sends now.
 *
 * @throws GatewayError `field_not_supported` for a part of the history that the format has no words for
 */
export function writeHistory(format: FormatName, body: JsonObject, history: History): JsonObject {
  const { shape, tail, provider } = history;
  const before = shape.turns.flatMap(({ turn, messages }) =>
    turn.provider === provider ? messages : messages.map(withoutOpaque),
  );
  const given = shape.turns.findLast(({ system }) => system !== undefined)?.system;
  try {
    if (format === 'anthropic-messages') return messagesBody(body, before, shape, given, tail);
    const key = format === 'openai-responses' ? 'input' : 'messages';
    const convert =
      format === 'openai-responses' ? writeItems : (messages: readonly Message[]) => toChat([], messages);
    return listBody(body, key, convert, before, shape, given, tail);
  } catch (error) {
    throw asRefusal(error, {});
  }
}

type Convert = (messages: readonly Message[]) => JsonObject[];

/** Formats whose system texts stand in the list itself. */
function listBody(
  body: JsonObject,
  key: 'input' | 'messages',
  convert: Convert,
  before: readonly Message[],
  { summary, snippets }: PromptShape,
  given: readonly TextPart[] | undefined,
  tail: readonly Message[] | undefined,
): JsonObject {
  const sent = Array.isArray(body[key]) ? (body[key] as unknown[]) : [{ role: 'user', content: body[key] }];
  const first = sent.findIndex((each) => !isObject(each) || !SYSTEM.has(each.role));
  const own = sent.slice(0, first < 0 ? sent.length : first);
  const fresh = tail ? convert(tail) : sent.slice(own.length);
  const hasOwn = own.length > 0 || typeof body.instructions === 'string';
  const system: unknown[] = hasOwn || !given ? own : convert([{ role: 'system', at: '', content: given }]);
  const summed = summary === '' ? [] : convert([{ role: 'system', at: '', content: [text(summary)] }]);
  return {
    ...body,
    [key]: [...system, ...summed, ...convert(before), ...withSnippets(fresh, snippets, key)],
  };
}

function messagesBody(
  body: JsonObject,
  before: readonly Message[],
  { summary, snippets }: PromptShape,
  given: readonly TextPart[] | undefined,
  tail: readonly Message[] | undefined,
): JsonObject {
  const sent = tail ? toMessages(tail) : (body.messages as unknown[]);
  const own = body.system ?? (given && toMessages([{ role: 'system', at: '', content: given }])[0]?.content);
  const blocks = typeof own === 'string' ? [{ type: 'text', text: own }] : (own as unknown[] | undefined);
  const system = summary === '' ? own : [...(blocks ?? []), { type: 'text', text: summary }];
  return {
    ...body,
    ...(system !== undefined && { system }),
    messages: [...toMessages(before), ...withSnippets(sent, snippets, 'messages')],
  };
}

const text = (words: string): TextPart => ({ type: 'text', at: '', text: words });

/** At the end of what the user says now, so that all before it stays as it was. */
function withSnippets(
  sent: readonly unknown[],
  snippets: string,
  key: 'input' | 'messages',
): readonly unknown[] {
  if (snippets === '') return sent;
  const at = sent.findLastIndex((each) => isObject(each) && each.role === 'user');
  const message = sent[at];
  if (!isObject(message)) return sent;
  const { content } = message;
  const more = { type: key === 'input' ? 'input_text' : 'text', text: snippets };
  const said = Array.isArray(content)
    ? [...(content as unknown[]), more]
    : `${String(content)}\n\n${snippets}`;
  return sent.with(at, { ...message, content: said });
}

/** What a provider has signed or sealed for itself goes; text stays. */
function withoutOpaque(message: Message): Message {
  if (message.role !== 'assistant') return message;
  const content = message.content.flatMap((part): AssistantPart[] => {
    if (part.type === 'reasoning') return [];
    if (part.type !== 'tool-call' || part.signature === undefined) return [part];
    const { signature: _, ...call } = part;
    return [call];
  });
  return { ...message, content };
}
