import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { convertUsage } from '../bedrock-usage.ts';
import { ending } from '../ending.ts';
import { ENDINGS } from './endings.ts';
import { readBlock, readCitation } from './read-block.ts';

/** The parts of an answer; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  const { content } = objectOf(objectOf(answer.output).message);
  if (!Array.isArray(content)) return undefined;
  const parts: StreamPart[] = [];
  const emit = (part: StreamPart): void => void parts.push(part);
  // Bedrock names its answers in a header only.
  emit({ type: 'start', id: '', model: '' });
  let calls = 0;
  for (const block of objectsOf(content)) {
    readBlock(block, emit);
    const cited = objectOf(block.citationsContent);
    for (const each of objectsOf(cited.content)) readBlock(each, emit);
    for (const each of objectsOf(cited.citations)) readCitation(each, emit);
    if (block.toolUse === undefined) continue;
    const { toolUseId, name, input } = objectOf(block.toolUse);
    const call = calls++;
    emit({ type: 'tool-call-start', call, id: textOf(toolUseId), name: textOf(name) });
    emit({ type: 'tool-call-arguments', call, text: JSON.stringify(objectOf(input)) });
  }
  const reason = textOf(answer.stopReason);
  if (reason !== '') emit(ending(reason, ENDINGS));
  const tier = textOf(objectOf(answer.serviceTier).type);
  if (tier !== '') emit({ type: 'service-tier', tier });
  const usage = convertUsage(objectOf(answer.usage));
  if (usage) emit({ type: 'usage', usage });
  return parts;
}
