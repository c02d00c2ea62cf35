import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { Format } from '../../../contracts/format.ts';
import { readRequest } from './read-request.ts';
import { writeAnswer } from './write-answer.ts';

/** OpenAI's embeddings, which nearly everybody else's SDKs speak too. */
export const openaiEmbeddings: Format<EmbeddingsRequest> = {
  kind: 'embeddings',
  name: 'openai-embeddings',
  path: '/embeddings',
  shape: 'openai',
  lists: [],
  refused: [],
  headers: [],
  fields: {},
  readRequest,
  writeAnswer,
};
