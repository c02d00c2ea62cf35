import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { EmbeddingsDialect, ModelCall } from '../../../contracts/provider.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { isCount } from '../count.ts';

/**
 * Bedrock's InvokeModel for embeddings, whose body is each vendor's own: Amazon's Titan (one text a call) and Cohere's
 * Embed. Cohere's says in a header what it has read; there it is estimated.
 */
export const bedrockEmbeddings: EmbeddingsDialect = {
  path: ({ model }) => `/model/${encodeURIComponent(model)}/invoke`,
  uncarried: [],
  convertRequest: ({ inputs, dimensions }: EmbeddingsRequest, { model }: ModelCall): JsonObject => {
    const texts = inputs.map((input) => {
      if (typeof input !== 'string') throw new NotCarried({ at: 'input' });
      return input;
    });
    if (isCohere(model))
      return {
        texts,
        input_type: 'search_document',
        embedding_types: ['float'],
        ...(dimensions !== undefined && { output_dimension: dimensions }),
      };
    if (texts.length !== 1) throw new NotCarried({ at: 'input' });
    return { inputText: texts[0], ...(dimensions !== undefined && { dimensions }) };
  },
  readAnswer,
};

/** `cohere.embed-v4:0`, also behind a region's prefix or in an ARN. */
const isCohere = (model: string): boolean => model.includes('cohere.');

function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  const { embedding, embeddings, id, inputTextTokenCount: input } = answer;
  // Cohere sends them by type where types were asked for.
  const vectors = Array.isArray(embedding) ? [embedding] : (objectOf(embeddings).float ?? embeddings);
  if (!Array.isArray(vectors)) return undefined;
  const parts: StreamPart[] = [{ type: 'start', id: textOf(id), model: '' }];
  for (const [index, vector] of vectors.entries())
    if (Array.isArray(vector)) parts.push({ type: 'embedding', index, vector });
  if (isCount(input)) parts.push({ type: 'usage', usage: { input, output: 0, cached: 0 } });
  parts.push({ type: 'finish', reason: 'stop' });
  return parts;
}
