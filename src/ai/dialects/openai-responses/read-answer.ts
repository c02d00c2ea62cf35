import type { JsonObject, Maker } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectsOf, textOf } from '../../../lib/json.ts';
import { tokensIn } from '../logprobs.ts';
import { isOther, readEnd, readSealed, thoughtsIn } from './read-response.ts';

/** The parts of a response; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject, maker: Maker): StreamPart[] | undefined {
  if (!Array.isArray(answer.output)) return undefined;
  const parts: StreamPart[] = [];
  const emit = (part: StreamPart): void => void parts.push(part);
  emit({ type: 'start', id: textOf(answer.id), model: textOf(answer.model) });
  let calls = 0;
  for (const item of objectsOf(answer.output)) {
    emit({ type: 'item-start', id: textOf(item.id) });
    for (const text of thoughtsIn(item)) emit({ type: 'reasoning', text });
    readSealed(item, maker, emit);
    if (isOther(item)) emit({ type: 'item' });
    if (item.type === 'reasoning') continue;
    for (const { text, refusal, logprobs } of objectsOf(item.content)) {
      if (typeof text === 'string') emit({ type: 'text', text });
      const tokens = tokensIn(logprobs);
      if (tokens.length > 0) emit({ type: 'logprobs', tokens });
      if (typeof refusal === 'string') emit({ type: 'refusal', text: refusal });
    }
    if (item.type !== 'function_call') continue;
    const call = calls++;
    emit({ type: 'tool-call-start', call, id: textOf(item.call_id), name: textOf(item.name) });
    emit({ type: 'tool-call-arguments', call, text: textOf(item.arguments) });
  }
  readEnd(answer, emit);
  return parts;
}
