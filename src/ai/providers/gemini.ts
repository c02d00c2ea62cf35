import type { Provider } from '../../contracts/provider.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { gemini as generateContent } from '../dialects/gemini/index.ts';
import { geminiEmbeddings } from '../dialects/gemini-embeddings/index.ts';

/** Google's Gemini API. */
export const gemini: Provider = {
  kind: 'gemini',
  native: {},
  translated: generateContent,
  embeddings: geminiEmbeddings,
  headers: ({ apiKey = '' }) => ({ 'x-goog-api-key': apiKey }),
  readError: ({ error }) => textOf(objectOf(error).message) || undefined,
};
