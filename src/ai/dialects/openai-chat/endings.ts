import type { EndingWords } from '../ending.ts';

/** OpenAI's own words and those that others who speak its format have beside them. */
export const ENDINGS: EndingWords = {
  reasons: {
    // An older word of the same API.
    function_call: 'tool_calls',
    // Mistral.
    model_length: 'length',
    // Zhipu.
    sensitive: 'content_filter',
    // Text Generation Inference, Together.
    eos_token: 'stop',
    eos: 'stop',
  },
  failures: new Set([
    // Mistral, OpenRouter.
    'error',
    // DeepSeek.
    'insufficient_system_resource',
    // Zhipu.
    'network_error',
  ]),
};
