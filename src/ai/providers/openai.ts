import type { Provider } from '../../contracts/provider.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { openaiChat } from '../dialects/openai-chat/index.ts';
import { openaiEmbeddings } from '../dialects/openai-embeddings/index.ts';
import { openaiResponses } from '../dialects/openai-responses/index.ts';

/** OpenAI, and every service that speaks its chat completions. */
export const openai: Provider = {
  kind: 'openai',
  native: {
    'openai-chat': openaiChat,
    'openai-responses': openaiResponses,
    'openai-embeddings': openaiEmbeddings,
  },
  translated: openaiChat,
  headers: ({ apiKey }) => ({ authorization: `Bearer ${apiKey}` }),
  readError: ({ error }) => textOf(objectOf(error).message) || undefined,
};
