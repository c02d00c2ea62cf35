import type { Provider } from '../../contracts/provider.ts';

/** OpenAI, and every service that speaks its chat completions. */
export const openai: Provider = {
  kind: 'openai',
  chatPath: '/chat/completions',
  headers: (apiKey) => ({
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    // Compressed events could not be watched; on the way from a model there is little to gain.
    'accept-encoding': 'identity',
  }),
};
