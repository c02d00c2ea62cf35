import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { usageIn } from './convert-usage.ts';
import { readChoice, readContent } from './read-content.ts';

/** The parts of a chat completion; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  if (answer.error && !Array.isArray(answer.choices)) return undefined;
  const parts: StreamPart[] = [];
  const emit = (part: StreamPart): void => void parts.push(part);
  emit({ type: 'start', id: textOf(answer.id), model: textOf(answer.model) });
  for (const [i, said] of objectsOf(answer.choices).entries()) {
    const choice = i === 0 ? undefined : i;
    const message = objectOf(said.message);
    readContent(message, choice, emit);
    for (const [call, { id, function: spec }] of objectsOf(message.tool_calls).entries()) {
      const { name, arguments: text } = objectOf(spec);
      emit({ type: 'tool-call-start', call, id: textOf(id), name: textOf(name), choice });
      emit({ type: 'tool-call-arguments', call, text: textOf(text), choice });
    }
    readChoice(said, choice, emit);
  }
  if (typeof answer.service_tier === 'string') emit({ type: 'service-tier', tier: answer.service_tier });
  const usage = usageIn(answer);
  if (usage) emit({ type: 'usage', usage });
  return parts;
}
