import { answerIn } from '../../context/corrections.ts';
import type { Left } from '../../context/erasing.ts';
import type { OpenedTurn } from '../../context/path.ts';
import type { SaidTurn } from '../../context/read-sessions.ts';
import type { AssistantPart, JsonObject, Message } from '../../contracts/model-request.ts';
import type { TurnContent } from '../../contracts/session.ts';
import { writeEncrypted } from '../formats/openai-responses/write-items.ts';
import { sealOf } from '../seal.ts';
import { isBreak, isSaid } from './answer-parts.ts';
import { writeItems } from './write-items.ts';

/** An item of a conversation as OpenAI's API shows it, and where it stands in its turn. */
export interface TurnItem {
  readonly id: string;
  readonly shown: JsonObject;
  /** Of a thought: what its maker signed or sealed, as answers have it. */
  readonly sealed?: string;
  /** What the turn was asked with, or what it answered. */
  readonly isInput: boolean;
  readonly at: Place;
}

/** Where an item stood that was deleted. */
export interface GoneItem {
  readonly id: string;
  readonly isGone: true;
}

/** Parts `from` to before `to` of a message. */
interface Place {
  readonly message: number;
  readonly from: number;
  readonly to: number;
}

const PREFIXES: Readonly<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  reasoning: 'rs',
};

/**
 * The items of a turn, in their order, each by the id that its client was told, or that stays the same from now on. A
 * correction takes the place of what the assistant said, under its id, and leaves its calls as they are.
 */
export function itemsOfTurn(said: SaidTurn): TurnItem[] {
  const { asked, words, calls } = partsOf(said);
  return [...asked, ...words, ...calls];
}

/** The same, and between them those that were deleted: a client that has read up to one of them goes on from there. */
export function listedOfTurn(said: SaidTurn): (TurnItem | GoneItem)[] {
  const { asked, corrected, words, calls } = partsOf(said);
  const own = asked.length + corrected.length;
  const placeOf = (at: number): number =>
    at < own ? Math.min(at, asked.length) : at - corrected.length + words.length;
  const goneAt = (place: number): GoneItem[] =>
    (said.content.gone ?? []).flatMap(({ id, at }) => (placeOf(at) === place ? [{ id, isGone: true }] : []));
  const shown = [...asked, ...words, ...calls];
  return [...shown.flatMap((item, at) => [...goneAt(at), item]), ...goneAt(shown.length)];
}

/** @returns `corrected`: items that are not shown any more, and `words`, what stands there; none without a correction */
function partsOf({
  correction,
  ...opened
}: SaidTurn): Record<'asked' | 'corrected' | 'words' | 'calls', TurnItem[]> {
  const items = itemsIn(opened);
  if (!correction) return { asked: items, corrected: [], words: [], calls: [] };
  const { messages } = opened.content;
  const answerAt = messages.length - answerIn(messages).length;
  const [asked, answer] = partition(items, ({ at }) => at.message < answerAt);
  const [calls, corrected] = partition(answer, ({ shown }) => shown.type === 'function_call');
  const id = corrected.find(({ shown }) => shown.type === 'message')?.id;
  const words = itemsIn(correction)
    .filter(({ isInput }) => !isInput)
    .map((each) => ({ ...each, ...(id && { id, shown: { ...each.shown, id } }) }));
  return { asked, corrected, words, calls };
}

function partition<Item>(items: readonly Item[], is: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}

function itemsIn({ turn, content }: OpenedTurn): TurnItem[] {
  const { messages, ids, itemIds = [], answerId = turn.request || turn.id } = content;
  const answerAt = turn.kind !== 'items' && messages.at(-1)?.role === 'assistant' ? messages.length - 1 : -1;
  const places = messages.flatMap((message, at) => placesIn(message, at, at === answerAt));
  const outputs = places.filter(({ message }) => message === answerAt).length;
  const firstOutput = places.length - outputs;
  return places.map((at, number): TurnItem => {
    const isInput = number < firstOutput;
    const shown = shownAt(messages[at.message] as Message, at, turn.status);
    const prefix = PREFIXES[String(shown.type)] ?? 'item';
    const output = number - firstOutput;
    // As `write-answer.ts` and `write-stream.ts` name them, where the provider did not.
    const own = `${prefix}_${answerId}_`;
    const made = itemIds.length === outputs ? itemIds[output] : `${own}${output}`;
    const derived = isInput ? `${prefix}_${turn.id}_${number}` : made;
    const id = (ids?.length === places.length ? ids[number] : derived) as string;
    const sealed = sealedAt(messages[at.message] as Message, at, !isInput && !id.startsWith(own));
    return { id, shown: { id, ...shown }, ...(sealed !== undefined && { sealed }), isInput, at };
  });
}

/** What a turn says without one of its items; the ids of the others stay. */
export function withoutItem(said: SaidTurn, id: string): Left | undefined {
  const { asked, corrected, words, calls } = partsOf(said);
  const isCorrection = words.some((each) => each.id === id);
  const gone = isCorrection ? corrected : [...asked, ...calls].filter((each) => each.id === id);
  if (!isCorrection && gone.length === 0) return undefined;
  const messages = said.content.messages.flatMap((message, of): Message[] => {
    const cut = gone.filter(({ at }) => at.message === of);
    const content = (message.content as readonly unknown[]).filter(
      (_part, part) => !cut.some(({ at }) => at.from <= part && part < at.to),
    );
    return content.length === 0 ? [] : [{ ...message, content } as Message];
  });
  const { itemIds: _, response, ...rest } = said.content;
  // Where nothing is left of it nobody finds the response any more.
  const about = messages.length > 0 && response && { response };
  const all = itemsIn(said).map((each) => each.id);
  const isLeft = (of: string): boolean => gone.every((each) => each.id !== of);
  const leftBefore = (at: number): number => all.slice(0, at).filter(isLeft).length;
  const before = (rest.gone ?? []).map((each) => ({ ...each, at: leftBefore(each.at) }));
  // Words may stand in the place of nothing that has an id.
  const named = isCorrection && isLeft(id) ? [{ id, at: leftBefore(asked.length) }] : [];
  const now = all.flatMap((of, at) => (isLeft(of) ? [] : [{ id: of, at: leftBefore(at) }]));
  return {
    content: { ...rest, ...about, messages, ids: all.filter(isLeft), gone: [...before, ...named, ...now] },
    keepsCorrection: !isCorrection,
  };
}

/** What is still known of the items of a turn when all that it says is deleted. */
export function goneWith(said: SaidTurn): NonNullable<TurnContent['gone']> {
  const ids = [...itemsOfTurn(said), ...itemsIn(said), ...(said.content.gone ?? [])].map(({ id }) => id);
  return [...new Set(ids)].map((id) => ({ id, at: 0 }));
}

/**
 * Results of tools are items each, and so are calls and thoughts; what the assistant says in a row is one, and so is what a
 * developer says, unless its client sent it as several: those are one message for models only.
 */
function placesIn(message: Message, at: number, isAnswer: boolean): Place[] {
  const { content, role } = message;
  if (role === 'tool') return content.map((_, from) => ({ message: at, from, to: from + 1 }));
  if (role === 'user') return [{ message: at, from: 0, to: content.length }];
  const places: Place[] = [];
  content.forEach((part, from) => {
    const last = places.at(-1);
    const before = content[from - 1];
    const isNext = isAnswer && isBreak(before, part);
    if (last && before && isSaid(part) && isSaid(before) && !isNext && itemOf(before) === itemOf(part))
      places[places.length - 1] = { ...last, to: from + 1 };
    else places.push({ message: at, from, to: from + 1 });
  });
  return places;
}

/** Which of the items that were sent a part stood in: `input[2]`; '' of what a model said. */
const itemOf = ({ at }: AssistantPart): string => /^\w+\[\d+\]/.exec(at)?.[0] ?? '';

/** @param isNamed by its maker, which opens what it has sealed by that id only */
function sealedAt({ content }: Message, { from }: Place, isNamed: boolean): string | undefined {
  const part = content[from];
  if (part?.type !== 'reasoning') return undefined;
  if (isNamed) return sealOf(part, 'openai');
  const { maker, signature, opaque } = part;
  if (opaque !== undefined) return writeEncrypted('opaque', opaque, maker);
  return signature ? writeEncrypted('signature', signature, maker) : undefined;
}

function shownAt(message: Message, { from, to }: Place, status: string): JsonObject {
  const content = message.content.slice(from, to);
  const [part] = content;
  if (part?.type === 'reasoning')
    return {
      type: 'reasoning',
      summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
    };
  const [written = {}] = writeItems([
    { ...message, content: content.filter(({ type }) => type !== 'audio') } as Message,
  ]);
  const isOver = {
    status: status === 'incomplete' && message.role === 'assistant' ? 'incomplete' : 'completed',
  };
  if (message.role !== 'assistant' || written.type !== 'message') return { ...written, ...isOver };
  const said = (written.content as JsonObject[]).map((each) =>
    each.type === 'output_text' ? { ...each, annotations: [] } : each,
  );
  return { ...written, ...isOver, content: said };
}
