import type { Provider } from '../../contracts/provider.ts';
import { objectOf, textOf } from '../../lib/json.ts';
import { anthropicMessages } from '../dialects/anthropic-messages/index.ts';
import { anthropicOperations } from '../dialects/operations/index.ts';

/** Anthropic's own API. */
export const anthropic: Provider = {
  kind: 'anthropic',
  native: { 'anthropic-messages': anthropicMessages, ...anthropicOperations },
  translated: anthropicMessages,
  // A client that speaks this format may ask for another version.
  headers: ({ apiKey = '' }) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
  readError: ({ error }) => textOf(objectOf(error).message) || undefined,
};
