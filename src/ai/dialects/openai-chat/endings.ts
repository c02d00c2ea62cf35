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
    model_context_window_exceeded: 'length',
    // Anthropic's own words, which some pass on for its models.
    end_turn: 'stop',
    max_tokens: 'length',
    tool_use: 'tool_calls',
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
