import type { Dialect } from '../../../contracts/provider.ts';
import { readAnswer } from './read-answer.ts';

/** OpenAI's embeddings, which many services speak: for clients that speak them too, which is all of them so far. */
export const openaiEmbeddings: Dialect = {
  path: () => '/embeddings',
  readAnswer,
};
