import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { EmbeddingsDialect } from '../../../contracts/provider.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { countOf } from '../count.ts';

/** Google's models of embeddings on Vertex AI: `predict`, which says of each text how many tokens it had. */
export const vertexEmbeddings: EmbeddingsDialect = {
  path: ({ model }) => `/publishers/google/models/${encodeURIComponent(model)}:predict`,
  uncarried: [],
  convertRequest: ({ inputs, dimensions }: EmbeddingsRequest): JsonObject => ({
    instances: inputs.map((content) => {
      if (typeof content !== 'string') throw new NotCarried({ at: 'input' });
      return { content };
    }),
    ...(dimensions !== undefined && { parameters: { outputDimensionality: dimensions } }),
  }),
  readAnswer,
};

function readAnswer({ predictions }: JsonObject): StreamPart[] | undefined {
  if (!Array.isArray(predictions)) return undefined;
  const parts: StreamPart[] = [{ type: 'start', id: '', model: '' }];
  let input = 0;
  for (const [index, { embeddings }] of objectsOf(predictions).entries()) {
    const { values, statistics } = objectOf(embeddings);
    if (Array.isArray(values)) parts.push({ type: 'embedding', index, vector: values });
    input += countOf(objectOf(statistics).token_count);
  }
  if (input > 0) parts.push({ type: 'usage', usage: { input, output: 0, cached: 0 } });
  parts.push({ type: 'finish', reason: 'stop' });
  return parts;
}
