import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { isObject, objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { ending } from '../ending.ts';
import { convertUsage } from './convert-usage.ts';
import { ENDINGS } from './endings.ts';
import { readBlock, readCitation, readPlan } from './read-content.ts';

/** The parts of an answer; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  const { message, finish_reason: reason } = answer;
  if (!isObject(message)) return undefined;
  const parts: StreamPart[] = [];
  const emit = (part: StreamPart): void => void parts.push(part);
  emit({ type: 'start', id: textOf(answer.id), model: '' });
  readPlan(message.tool_plan, emit);
  for (const block of objectsOf(message.content)) readBlock(block, emit);
  for (const each of objectsOf(message.citations)) readCitation(each, emit);
  for (const [call, { id, function: spec }] of objectsOf(message.tool_calls).entries()) {
    const { name, arguments: text } = objectOf(spec);
    emit({ type: 'tool-call-start', call, id: textOf(id), name: textOf(name) });
    emit({ type: 'tool-call-arguments', call, text: textOf(text) });
  }
  if (textOf(reason) !== '') emit(ending(textOf(reason), ENDINGS));
  const usage = convertUsage(objectOf(answer.usage));
  if (usage) emit({ type: 'usage', usage });
  return parts;
}
