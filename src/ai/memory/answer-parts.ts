import type { AnswerContent } from '../../contracts/model-answer.ts';
import type { AssistantPart } from '../../contracts/model-request.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import { gatherAnswer } from '../gather-answer.ts';

/** What an answer said, and how its provider named the items of it; no ids: it did not. */
interface Answer {
  readonly content: readonly AssistantPart[];
  readonly itemIds: readonly string[];
}

/**
 * What an answer said, as a message of the assistant: of several answers the first. Text behind text is another message's.
 * @param isWhole calls of an answer that broke off are not there: nobody knows what they would have been
 */
export function answerOf(parts: readonly StreamPart[], isWhole: boolean): Answer {
  const content: AssistantPart[] = [];
  const itemIds: string[] = [];
  for (const item of itemsIn(parts)) {
    const said = contentOf(item.parts, isWhole);
    const [first] = said;
    // Of what leaves nothing (a search, a thought without words or seal) there is no item here.
    if (!first) continue;
    const goesOn = isSaid(first) && isSaid(content.at(-1)) && !isBreak(content.at(-1), first);
    if (item.id !== '' && !goesOn) itemIds.push(item.id);
    content.push(...said);
  }
  return { content, itemIds };
}

/** Whether they are of the same message of an answer: who says them in one has one text. */
export const isBreak = (before: AssistantPart | undefined, part: AssistantPart | undefined): boolean =>
  before?.type === 'text' && part?.type === 'text';

export const isSaid = (part: AssistantPart | undefined): boolean =>
  part?.type === 'text' || part?.type === 'refusal';

/** The parts of each item, of several answers the first one's; what comes before the first item has no id. */
function itemsIn(parts: readonly StreamPart[]): { id: string; parts: StreamPart[] }[] {
  let last: { id: string; parts: StreamPart[]; calls: number } = { id: '', parts: [], calls: 0 };
  const items = [last];
  const calls: { of: typeof last; call: number }[] = [];
  for (const part of parts) {
    if ('choice' in part && part.choice) continue;
    if (part.type === 'item-start') {
      last = { id: part.id, parts: [], calls: 0 };
      items.push(last);
    } else if (part.type === 'tool-call-start') {
      const call = last.calls++;
      calls[part.call] = { of: last, call };
      last.parts.push({ ...part, call });
    } else if (part.type === 'tool-call-arguments') {
      const made = calls[part.call];
      made?.of.parts.push({ ...part, call: made.call });
    } else last.parts.push(part);
  }
  return items;
}

function contentOf(parts: readonly StreamPart[], isWhole: boolean): AssistantPart[] {
  const [choice] = gatherAnswer(parts).choices;
  return (choice?.content ?? []).flatMap((content) => {
    // As `without-pictures.ts` leaves them out of what a client sends.
    if (content.type === 'image') return [];
    const part = assistantPart(content);
    if (part.type === 'text' && part.text === '') return [];
    return part.type === 'tool-call' && !isWhole ? [] : [part];
  });
}

function assistantPart(content: Exclude<AnswerContent, { type: 'image' }>): AssistantPart {
  switch (content.type) {
    case 'text':
    case 'refusal':
      return { type: content.type, at: '', text: content.text };
    case 'reasoning':
      return {
        type: 'reasoning',
        at: '',
        text: content.text,
        ...(content.signature !== '' && { signature: content.signature, maker: content.maker }),
      };
    case 'reasoning-opaque':
      return { type: 'reasoning', at: '', text: '', opaque: content.data, maker: content.maker };
    case 'tool-call': {
      const { id, name } = content;
      return { type: 'tool-call', at: '', id, name, arguments: content.arguments };
    }
  }
}

/** A message of the assistant as the parts of an answer. */
export function partsOf(said: readonly AssistantPart[]): StreamPart[] {
  const parts: StreamPart[] = [];
  let calls = 0;
  for (const part of said) {
    if (part.type === 'text' || part.type === 'refusal') parts.push({ type: part.type, text: part.text });
    else if (part.type === 'tool-call') {
      const call = calls++;
      parts.push({ type: 'tool-call-start', call, id: part.id, name: part.name });
      parts.push({ type: 'tool-call-arguments', call, text: part.arguments });
    } else if (part.type === 'reasoning' && part.opaque !== undefined)
      parts.push({ type: 'reasoning-opaque', data: part.opaque, maker: part.maker });
    else if (part.type === 'reasoning') {
      parts.push({ type: 'reasoning', text: part.text });
      if (part.signature !== undefined)
        parts.push({ type: 'reasoning-signature', signature: part.signature, maker: part.maker });
    }
  }
  return parts;
}
