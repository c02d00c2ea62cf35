import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { EmbeddingsDialect, ModelCall } from '../../../contracts/provider.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectsOf } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';

/** Google's `batchEmbedContents`. It reports no usage. */
export const geminiEmbeddings: EmbeddingsDialect = {
  path: ({ model }) => `/models/${encodeURIComponent(model)}:batchEmbedContents`,
  uncarried: [],
  convertRequest: ({ inputs, dimensions }: EmbeddingsRequest, { model }: ModelCall): JsonObject => ({
    requests: inputs.map((input) => {
      if (typeof input !== 'string') throw new NotCarried({ at: 'input' });
      return {
        model: `models/${model}`,
        content: { parts: [{ text: input }] },
        ...(dimensions !== undefined && { outputDimensionality: dimensions }),
      };
    }),
  }),
  readAnswer,
};

function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  if (!Array.isArray(answer.embeddings)) return undefined;
  const parts: StreamPart[] = [{ type: 'start', id: '', model: '' }];
  for (const [index, { values }] of objectsOf(answer.embeddings).entries())
    if (Array.isArray(values)) parts.push({ type: 'embedding', index, vector: values });
  parts.push({ type: 'finish', reason: 'stop' });
  return parts;
}
