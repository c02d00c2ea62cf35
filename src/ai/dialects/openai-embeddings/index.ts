import type { EmbeddingsQuirks } from '../../../contracts/openai-service.ts';
import type { Dialect } from '../../../contracts/provider.ts';
import { readAnswer } from './read-answer.ts';

/** OpenAI's embeddings, which many services speak: for clients that speak them too, which is all of them so far. */
export const openaiEmbeddings: Dialect = {
  path: () => '/embeddings',
  readAnswer,
};

/** The same as a service speaks them that differs from OpenAI. */
export const openaiEmbeddingsWith = ({
  dimensions = 'dimensions',
  ignores = [],
}: EmbeddingsQuirks): Dialect => ({
  ...openaiEmbeddings,
  adapt: (body) =>
    Object.fromEntries(
      Object.entries(body)
        .filter(([field]) => !ignores.includes(field))
        .map(([field, value]) => [field === 'dimensions' ? dimensions : field, value]),
    ),
});
