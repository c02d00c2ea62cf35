import type { PathTurn, PromptShape } from '../../context/ports.ts';
import { TurnPrefix } from '../../context/prompt/turn-prefix.ts';
import type { FormatName } from '../../contracts/format.ts';
import type { AssistantPart, JsonObject, Message, TextPart } from '../../contracts/model-request.ts';
import type { Thoughts } from '../../contracts/openai-service.ts';
import { isObject } from '../../lib/json.ts';
import { WrittenJson } from '../../lib/written-json.ts';
import { convertMessages } from '../dialects/anthropic-messages/convert-messages.ts';
import { withoutBlanks } from '../dialects/blank.ts';
import { convertMessages as toChat } from '../dialects/openai-chat/convert-messages.ts';
import type { KeptEntries, KeptWords } from '../guards/kept-words.ts';
import { sealOf } from '../seal.ts';
import { asRefusal } from '../translation.ts';
import { writeItems } from './write-items.ts';

/** What is put before, and with, what a client sends. */
export interface History {
  readonly shape: PromptShape;
  /** The new messages, where the client's own are not to go on: it sent all of the conversation. */
  readonly tail: readonly Message[] | undefined;
  /** The provider that is asked: what others have signed or sealed it does not take. */
  readonly provider: string;
  /** As `details` for a provider that is asked in another format: there they keep their signatures and seals. */
  readonly thoughts: Thoughts;
}

/** A message of the history, with what its provider called the items of it. */
interface Said {
  readonly message: Message;
  readonly itemIds: readonly string[];
}

const SYSTEM: ReadonlySet<unknown> = new Set(['system', 'developer']);

export interface WrittenHistory {
  readonly body: JsonObject;
  readonly kept: KeptWords;
}

/**
 * The client's body with the conversation in it, in its own format: system texts, the summary of what is long ago, the
 * turns, and what the client sends now.
 *
 * @throws GatewayError `field_not_supported` for a part of the history that the format has no words for
 */
export function writeHistory(format: FormatName, body: JsonObject, history: History): WrittenHistory {
  try {
    switch (format) {
      case 'anthropic-messages':
        return messagesBody(body, history);
      case 'openai-responses':
        return itemsBody(body, history);
      default:
        return chatBody(body, history);
    }
  } catch (error) {
    throw asRefusal(error, {});
  }
}

/** Whether it makes a difference who is asked: something in the turns is signed or sealed. */
export const isSigned = ({ turns }: PromptShape): boolean =>
  turns.slice(-1).some(hasOpaque) || SIGNED.of(turns.slice(0, -1)) === true;

const SIGNED = new TurnPrefix<boolean>((turns, before = false) => before || turns.some(hasOpaque));

function hasOpaque({ messages }: PathTurn): boolean {
  return messages.some((message) => message.role === 'assistant' && message.content.some(isOpaque));
}

const isOpaque = ({ type }: AssistantPart): boolean => type === 'reasoning';

/** The providers that have signed or sealed something in the turns. */
export const signersOf = ({ turns }: PromptShape): ReadonlySet<string> =>
  new Set(
    turns
      .filter(hasOpaque)
      .flatMap(({ turn, calledBy }) =>
        calledBy === undefined ? [turn.provider] : [turn.provider, calledBy],
      ),
  );

/** The call that was made in another turn stands before its results, and may be another provider's. */
function saidIn({ turn, messages, calledBy, itemIds = [] }: PathTurn, provider: string): Said[] {
  const calledAt = calledBy === undefined ? -1 : messages.findIndex(({ role }) => role === 'tool') - 1;
  return messages.map((message, at) => {
    const by = at === calledAt ? calledBy : turn.provider;
    const isAnswer = at === messages.length - 1;
    // Where a thought went before it that is not there any more, OpenAI takes an item only without its id.
    const isNamed =
      isAnswer && by === provider && message.role === 'assistant' && message.content.some(isOpaque);
    return {
      message: by === provider ? message : withoutOpaque(message),
      itemIds: isNamed ? itemIds : [],
    };
  });
}

/** A conversation as a list of a format, with what was written of its beginning before. */
type Written = readonly (JsonObject | WrittenJson)[];
type Write = (said: readonly Said[]) => readonly JsonObject[];

const writtenBy = (write: Write): TurnPrefix<WrittenJson> =>
  new TurnPrefix(
    (turns, before) => new WrittenJson(write(turns.flatMap((turn) => saidIn(turn, ''))), before),
  );

/**
 * @param written what the turns come to where it makes no difference who is asked
 * @param canStand whether the turns before one can be written without it
 */
function listOf(
  { shape, provider }: Pick<History, 'shape' | 'provider'>,
  write: Write,
  written: TurnPrefix<WrittenJson>,
  canStand: (turns: readonly PathTurn[], next: PathTurn | undefined) => boolean = () => true,
): Written {
  const { turns } = shape;
  // What follows the user's last words is read once more, for its rounds of tools.
  const last = turns.findLastIndex(({ messages }) => messages.some(({ role }) => role === 'user'));
  const before = turns.slice(0, isSigned(shape) ? 0 : Math.max(0, last));
  const from = canStand(before, turns[before.length]) ? before.length : 0;
  const beginning = written.of(turns.slice(0, from));
  const rest = write(turns.slice(from).flatMap((turn) => saidIn(turn, provider)));
  return beginning && beginning.bytes.length > 0 ? [beginning, ...rest] : rest;
}

const chatWriter = (thoughts: Thoughts) => {
  const write: Write = (said) =>
    toChat(
      [],
      said.map(({ message }) => message),
      thoughts,
    );
  return { write, written: writtenBy(write) };
};
const TO_CHAT: Readonly<Record<Thoughts, ReturnType<typeof chatWriter>>> = {
  none: chatWriter('none'),
  content: chatWriter('content'),
  details: chatWriter('details'),
};

function chatBody(body: JsonObject, history: History): WrittenHistory {
  const { summary, snippets, system: given } = history.shape;
  const { write, written } = TO_CHAT[history.thoughts];
  const convert = (messages: readonly Message[]): JsonObject[] => toChat([], messages, history.thoughts);
  const { own, rest } = partsOf(body.messages);
  const said = withSnippets(history.tail ? convert(history.tail) : rest, snippets, 'text');
  const messages = [
    ...(own.length > 0 ? own : convert(systemMessages(given))),
    ...convert(systemMessages(summary === '' ? [] : [text(summary)])),
    ...listOf(history, write, written),
    ...said,
  ];
  const kept = { field: 'messages', before: own.length, behind: said.length };
  return { body: { ...body, messages }, kept: keptWords(history, [kept], said) };
}

/**
 * @param entries none of them is marked where a client has put some in: that no guard has read
 * @param said the end of the first of their lists
 */
function keptWords(
  { shape }: History,
  entries: readonly [KeptEntries, ...KeptEntries[]],
  said: readonly unknown[],
): KeptWords {
  const { turns, snippets, recalled = [] } = shape;
  const at = snippets === '' ? -1 : askedAt(said);
  return {
    entries: turns.some(({ isPutIn }) => isPutIn) ? [] : entries,
    recalled:
      at < 0 ? undefined : { field: entries[0].field, behind: said.length - 1 - at, passages: recalled },
  };
}

const toItems: Write = (said) => said.flatMap(({ message, itemIds }) => writeItems([message], itemIds));
const ITEMS = writtenBy(toItems);

/** A developer's items stay where they were said; `instructions` are of their own turn only. */
function itemsBody(body: JsonObject, history: History): WrittenHistory {
  const { shape, tail } = history;
  const { summary, snippets, system: given } = shape;
  const sent = Array.isArray(body.input)
    ? (body.input as unknown[])
    : [{ role: 'user', content: body.input }];
  const { own } = partsOf(sent);
  const front = tail ? own : [];
  const said = withSnippets(tail ? writeItems(tail) : sent, snippets, 'input_text');
  const input = [
    ...(own.length > 0 ? front : writeItems(systemMessages(given))),
    ...writeItems(systemMessages(summary === '' ? [] : [text(summary)])),
    ...listOf(history, toItems, ITEMS),
    ...said,
  ];
  const kept = { field: 'input', before: own.length > 0 ? front.length : 0, behind: said.length };
  return { body: { ...body, input }, kept: keptWords(history, [kept], said) };
}

/** As messages have it, with marks of their makers at seals that are not Anthropic's. */
const toMessages = (messages: readonly Message[]): JsonObject[] =>
  convertMessages(
    messages.map((message) =>
      message.role === 'assistant' ? { ...message, content: message.content.map(inMessages) } : message,
    ),
  );

function inMessages(part: AssistantPart): AssistantPart {
  const seal = part.type === 'reasoning' ? sealOf(part, 'anthropic') : undefined;
  if (part.type !== 'reasoning' || seal === undefined) return part;
  const kind = part.opaque === undefined ? 'signature' : 'opaque';
  return { ...part, maker: 'anthropic', [kind]: seal };
}

const toBlocks: Write = (said) => toMessages(said.map(({ message }) => message).filter(isSaid));
const BLOCKS = writtenBy(toBlocks);

/** What a user sent without a word is no reason to refuse all that comes after it. */
const isSaid = (message: Message): boolean =>
  message.role !== 'user' || withoutBlanks(message.content).length > 0;

/** Whether turns and what follows them are of two speakers in turns: what one of them says in a row is one message. */
const canStand = (turns: readonly PathTurn[], next: PathTurn | undefined): boolean =>
  ALTERNATE.of(turns) !== false && next?.messages[0]?.role !== 'assistant';

const ALTERNATE = new TurnPrefix<boolean>(
  (turns, before = true) =>
    before &&
    turns.every(({ messages }) => messages[0]?.role !== 'assistant' && messages.at(-1)?.role === 'assistant'),
);

function messagesBody(body: JsonObject, history: History): WrittenHistory {
  const { shape, tail } = history;
  const { summary, snippets, system: given } = shape;
  const sent = tail ? toMessages(tail) : (body.messages as unknown[]);
  const own = body.system ?? toMessages(systemMessages(given))[0]?.content;
  const blocks = typeof own === 'string' ? [{ type: 'text', text: own }] : (own as unknown[] | undefined);
  const system = summary === '' ? own : [...(blocks ?? []), { type: 'text', text: summary }];
  const said = withSnippets(sent, snippets, 'text');
  const messages = [...listOf(history, toBlocks, BLOCKS, canStand), ...said];
  const kept = { field: 'messages', before: 0, behind: said.length };
  const summed = { field: 'system', before: blocks?.length ?? 0, behind: 0 };
  return {
    body: { ...body, ...(system !== undefined && { system }), messages },
    kept: keptWords(history, summary === '' ? [kept] : [kept, summed], said),
  };
}

const text = (words: string): TextPart => ({ type: 'text', at: '', text: words });

const systemMessages = (content: readonly TextPart[]): Message[] =>
  content.length === 0 ? [] : [{ role: 'system', at: '', content }];

/** The system texts that a client's list begins with, and the rest of it. */
function partsOf(list: unknown): { own: readonly unknown[]; rest: readonly unknown[] } {
  const sent = Array.isArray(list) ? (list as unknown[]) : [];
  const first = sent.findIndex((each) => !isObject(each) || !SYSTEM.has(each.role));
  const end = first < 0 ? sent.length : first;
  return { own: sent.slice(0, end), rest: sent.slice(end) };
}

/** Where the user speaks last; -1: nowhere. */
const askedAt = (sent: readonly unknown[]): number =>
  sent.findLastIndex((each) => isObject(each) && each.role === 'user');

/** At the end of what the user says now, so that all before it stays as it was. */
function withSnippets(
  sent: readonly unknown[],
  snippets: string,
  type: 'input_text' | 'text',
): readonly unknown[] {
  if (snippets === '') return sent;
  const at = askedAt(sent);
  const message = sent[at];
  if (!isObject(message)) return sent;
  const { content } = message;
  const said = Array.isArray(content)
    ? [...(content as unknown[]), { type, text: snippets }]
    : `${String(content)}\n\n${snippets}`;
  return sent.with(at, { ...message, content: said });
}

/** What a provider has signed or sealed for itself goes; text stays. */
function withoutOpaque(message: Message): Message {
  if (message.role !== 'assistant' || !message.content.some(isOpaque)) return message;
  return { ...message, content: message.content.filter((part) => !isOpaque(part)) };
}
