import type { AnswerContent } from '../../contracts/model-answer.ts';
import type { AssistantPart } from '../../contracts/model-request.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import { gatherAnswer } from '../gather-answer.ts';

/**
 * What an answer said, as a message of the assistant: of several answers the first.
 * @param isWhole calls of an answer that broke off are not there: nobody knows what they would have been
 */
export function answerMessage(parts: readonly StreamPart[], isWhole: boolean): AssistantPart[] {
  const [choice] = gatherAnswer(parts).choices;
  return (choice?.content ?? []).flatMap((content) => {
    // A picture that was made can't be given back to a model as its own words.
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
    } else if (part.opaque !== undefined)
      parts.push({ type: 'reasoning-opaque', data: part.opaque, maker: part.maker });
    else {
      parts.push({ type: 'reasoning', text: part.text });
      if (part.signature !== undefined)
        parts.push({ type: 'reasoning-signature', signature: part.signature, maker: part.maker });
    }
  }
  return parts;
}
