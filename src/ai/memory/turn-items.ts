import type { OpenedTurn } from '../../context/path.ts';
import type { AssistantPart, JsonObject, Message } from '../../contracts/model-request.ts';
import { writeItems } from './write-items.ts';

/** An item of a conversation as OpenAI's API shows it, and where it stands in its turn. */
export interface TurnItem {
  readonly id: string;
  readonly shown: JsonObject;
  /** What the turn was asked with, or what it answered. */
  readonly isInput: boolean;
  readonly at: Place;
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

/** The items of a turn, in their order, each by the id that its client was told, or that stays the same from now on. */
export function itemsOfTurn({ turn, content }: OpenedTurn): TurnItem[] {
  const { messages, ids, itemIds = [] } = content;
  const answerAt = turn.kind !== 'items' && messages.at(-1)?.role === 'assistant' ? messages.length - 1 : -1;
  const places = messages.flatMap(placesIn);
  const outputs = places.filter(({ message }) => message === answerAt).length;
  const firstOutput = places.length - outputs;
  return places.map((at, number): TurnItem => {
    const isInput = number < firstOutput;
    const shown = shownAt(messages[at.message] as Message, at, turn.status);
    const prefix = PREFIXES[String(shown.type)] ?? 'item';
    const output = number - firstOutput;
    // As `write-answer.ts` and `write-stream.ts` name them, where the provider did not.
    const made =
      itemIds.length === outputs ? itemIds[output] : `${prefix}_${turn.request || turn.id}_${output}`;
    const derived = isInput ? `${prefix}_${turn.id}_${number}` : made;
    const id = (ids?.length === places.length ? ids[number] : derived) as string;
    return { id, shown: { id, ...shown }, isInput, at };
  });
}

/** What a turn says without one of its items; the ids of the others stay. */
export function withoutItem(opened: OpenedTurn, id: string): OpenedTurn['content'] | undefined {
  const items = itemsOfTurn(opened);
  const item = items.find((each) => each.id === id);
  if (!item) return undefined;
  const { message: of, from, to } = item.at;
  const messages = opened.content.messages.flatMap((message, at): Message[] => {
    if (at !== of) return [message];
    const content = [...message.content.slice(0, from), ...message.content.slice(to)];
    return content.length === 0 ? [] : [{ ...message, content } as Message];
  });
  const { itemIds: _, ...rest } = opened.content;
  return { ...rest, messages, ids: items.filter((each) => each !== item).map((each) => each.id) };
}

/** Results of tools are items each, and so are calls and thoughts; what the assistant says in a row is one. */
function placesIn(message: Message, at: number): Place[] {
  const { content, role } = message;
  if (role === 'tool') return content.map((_, from) => ({ message: at, from, to: from + 1 }));
  if (role !== 'assistant') return [{ message: at, from: 0, to: content.length }];
  const places: Place[] = [];
  const isSaid = (part: AssistantPart | undefined): boolean =>
    part?.type === 'text' || part?.type === 'refusal';
  content.forEach((part, from) => {
    const last = places.at(-1);
    if (last && isSaid(part) && isSaid(content[from - 1]))
      places[places.length - 1] = { ...last, to: from + 1 };
    else places.push({ message: at, from, to: from + 1 });
  });
  return places;
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
