import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { convertUsage, tierOf } from '../anthropic-usage.ts';
import { readBlock, readStop } from './read-block.ts';

/** The parts of a message; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  if (answer.type === 'error' || !Array.isArray(answer.content)) return undefined;
  const parts: StreamPart[] = [];
  const emit = (part: StreamPart): void => void parts.push(part);
  emit({ type: 'start', id: textOf(answer.id), model: textOf(answer.model) });
  let calls = 0;
  for (const block of objectsOf(answer.content)) {
    readBlock(block, emit);
    if (block.type !== 'tool_use') continue;
    const call = calls++;
    emit({ type: 'tool-call-start', call, id: textOf(block.id), name: textOf(block.name) });
    emit({ type: 'tool-call-arguments', call, text: JSON.stringify(objectOf(block.input)) });
  }
  readStop(answer, emit);
  const reported = objectOf(answer.usage);
  const tier = tierOf(reported);
  if (tier !== '') emit({ type: 'service-tier', tier });
  const usage = convertUsage(reported);
  if (usage) emit({ type: 'usage', usage });
  return parts;
}
