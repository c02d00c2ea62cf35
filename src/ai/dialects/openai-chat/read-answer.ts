import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { BegunChoices } from '../begun-choices.ts';
import { usageIn } from './convert-usage.ts';
import { customCallsIn, functionCallsIn } from './read-calls.ts';
import { readChoice, readContent } from './read-content.ts';

/** The parts of a chat completion; undefined for an error under a status that says otherwise, however it is written. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  if (!Array.isArray(answer.choices)) return undefined;
  const parts: StreamPart[] = [];
  const emit = (part: StreamPart): void => void parts.push(part);
  emit({ type: 'start', id: textOf(answer.id), model: textOf(answer.model) });
  const begun = new BegunChoices(emit);
  for (const [i, said] of objectsOf(answer.choices).entries()) {
    const choice = i === 0 ? undefined : i;
    begun.saw(choice);
    const message = objectOf(said.message);
    readContent(message, choice, emit);
    const [calls, custom] = [functionCallsIn(message), customCallsIn(message)];
    for (const [call, { id, name, arguments: text, isFormer }] of calls.entries()) {
      emit({ type: 'tool-call-start', call, id, name, isFormer, choice });
      emit({ type: 'tool-call-arguments', call, text, choice });
    }
    for (const words of custom) emit({ type: 'item', words });
    readChoice(said, choice, calls.length + custom.length > 0, emit);
  }
  if (typeof answer.service_tier === 'string') emit({ type: 'service-tier', tier: answer.service_tier });
  const usage = usageIn(answer);
  if (usage) emit({ type: 'usage', usage });
  return parts;
}
