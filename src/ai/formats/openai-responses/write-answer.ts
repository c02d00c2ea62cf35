import type { AnswerName } from '../../../contracts/format.ts';
import type { AnswerChoice, AnswerContent, ModelAnswer } from '../../../contracts/model-answer.ts';
import type { JsonObject, ModelRequest } from '../../../contracts/model-request.ts';
import { askedWith } from './asked-with.ts';
import { type Item, itemId, type MessagePart, writeEncrypted, writeItem } from './write-items.ts';
import { callStatus, statusOf, writeResponse } from './write-response.ts';

/** A whole answer as a response; no client of this format can ask for more than one. */
export function writeAnswer(answer: ModelAnswer, name: AnswerName, request: ModelRequest): JsonObject {
  const [choice] = answer.choices;
  const output = choice ? itemsOf(choice, name).map(writeItem) : [];
  const finishReason = choice?.finishReason ?? '';
  return writeResponse({ ...answer, output, finishReason, asked: askedWith(request) }, name);
}

function itemsOf(choice: AnswerChoice, name: AnswerName): Item[] {
  const items: Item[] = [];
  const status = statusOf(choice.finishReason);
  for (const content of choice.content) {
    const last = items.at(-1);
    const part = partOf(content, choice);
    if (part && last?.type === 'message') last.parts.push(part);
    else if (part)
      items.push({ type: 'message', id: itemId('msg', name, items.length), status: DONE, parts: [part] });
    else
      items.push(
        itemOf(
          content as Exclude<AnswerContent, { type: 'text' | 'refusal' }>,
          (kind) => itemId(kind, name, items.length),
          status,
        ),
      );
  }
  // What stands before others was not cut. A text's seal comes behind it.
  const last = items.findLast(({ type }) => type !== 'reasoning');
  if (last?.type === 'message') last.status = status;
  return items;
}

const DONE = 'completed';

function partOf(content: AnswerContent, { logprobs }: AnswerChoice): MessagePart | undefined {
  const { type } = content;
  if (type === 'text')
    return {
      type: 'output_text',
      text: content.text,
      citations: [...content.citations],
      logprobs: [...logprobs],
    };
  return type === 'refusal' ? { type, text: content.text, citations: [], logprobs: [] } : undefined;
}

function itemOf(
  content: Exclude<AnswerContent, { type: 'text' | 'refusal' }>,
  idOf: (kind: 'rs' | 'fc' | 'ig') => string,
  answerStatus: string,
): Item {
  switch (content.type) {
    case 'reasoning':
      return {
        type: 'reasoning',
        id: idOf('rs'),
        status: DONE,
        text: content.text,
        encrypted: writeEncrypted('signature', content.signature, content.maker),
      };
    case 'reasoning-opaque':
      return {
        type: 'reasoning',
        id: idOf('rs'),
        status: DONE,
        text: '',
        encrypted: writeEncrypted('opaque', content.data, content.maker),
      };
    case 'image':
      return { type: 'image_generation_call', id: idOf('ig'), status: DONE, result: content.data };
    case 'tool-call': {
      const { id: callId, name, arguments: said } = content;
      const status = callStatus(said, answerStatus);
      return { type: 'function_call', id: idOf('fc'), status, callId, name, arguments: said };
    }
  }
}
