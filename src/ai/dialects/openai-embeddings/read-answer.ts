import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { isCount } from '../count.ts';

/** The vectors of an answer; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  if (!Array.isArray(answer.data)) return undefined;
  const parts: StreamPart[] = [{ type: 'start', id: '', model: textOf(answer.model) }];
  const vectors = objectsOf(answer.data);
  for (const [i, { index, embedding }] of vectors.entries()) {
    // Room is made for as many as there are numbers.
    const isPlace = isCount(index) && index < vectors.length;
    if (typeof embedding === 'string' || Array.isArray(embedding))
      parts.push({ type: 'embedding', index: isPlace ? index : i, vector: embedding });
  }
  const { prompt_tokens: prompt, total_tokens: total } = objectOf(answer.usage);
  // Jina and Voyage say the total alone.
  const input = prompt ?? total;
  if (isCount(input)) parts.push({ type: 'usage', usage: { input, output: 0, cached: 0 } });
  // They come whole or not at all.
  parts.push({ type: 'finish', reason: 'stop' });
  return parts;
}
