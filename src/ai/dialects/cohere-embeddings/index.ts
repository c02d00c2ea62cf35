import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { EmbeddingsDialect, ModelCall } from '../../../contracts/provider.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { isCount } from '../count.ts';

/**
 * Cohere's embed, version 2. It wants to know what vectors are for, which OpenAI's clients don't say: they are made as for
 * what is searched through.
 */
export const cohereEmbeddings: EmbeddingsDialect = {
  path: () => '/v2/embed',
  uncarried: [],
  convertRequest: ({ inputs, dimensions }: EmbeddingsRequest, { model }: ModelCall): JsonObject => ({
    model,
    texts: inputs.map((input) => {
      if (typeof input !== 'string') throw new NotCarried({ at: 'input' });
      return input;
    }),
    input_type: 'search_document',
    embedding_types: ['float'],
    ...(dimensions !== undefined && { output_dimension: dimensions }),
  }),
  readAnswer,
};

function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  const { float } = objectOf(answer.embeddings);
  if (!Array.isArray(float)) return undefined;
  const parts: StreamPart[] = [{ type: 'start', id: textOf(answer.id), model: '' }];
  for (const [index, vector] of float.entries())
    if (Array.isArray(vector)) parts.push({ type: 'embedding', index, vector });
  const { input_tokens: input } = objectOf(objectOf(answer.meta).billed_units);
  if (isCount(input)) parts.push({ type: 'usage', usage: { input, output: 0, cached: 0 } });
  parts.push({ type: 'finish', reason: 'stop' });
  return parts;
}
