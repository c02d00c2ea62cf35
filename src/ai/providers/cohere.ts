import type { Provider } from '../../contracts/provider.ts';
import { textOf } from '../../lib/json.ts';
import { cohereChat } from '../dialects/cohere-chat/index.ts';
import { cohereEmbeddings } from '../dialects/cohere-embeddings/index.ts';
import { cohereOperations } from '../dialects/operations/index.ts';

/** Cohere's own API. */
export const cohere: Provider = {
  kind: 'cohere',
  native: cohereOperations,
  translated: cohereChat,
  embeddings: cohereEmbeddings,
  headers: ({ apiKey = '' }) => ({ authorization: `Bearer ${apiKey}` }),
  readError: ({ message }) => textOf(message) || undefined,
};
