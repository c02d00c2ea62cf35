import type { Format } from '../../../contracts/format.ts';
import { readRequest } from './read-request.ts';
import { writeAnswer } from './write-answer.ts';
import { ChunkWriter } from './write-stream.ts';

/** OpenAI's chat completions. */
export const openaiChat: Format = {
  kind: 'chat',
  name: 'openai-chat',
  path: '/chat/completions',
  shape: 'openai',
  lists: ['messages'],
  refused: [],
  headers: [],
  maxima: ['max_completion_tokens', 'max_tokens'],
  fields: {
    toolChoice: 'tool_choice',
    parallelToolCalls: 'parallel_tool_calls',
    responseFormat: 'response_format',
    maxTokens: 'max_completion_tokens',
    topP: 'top_p',
    topK: 'top_k',
    frequencyPenalty: 'frequency_penalty',
    presencePenalty: 'presence_penalty',
    logitBias: 'logit_bias',
    reasoning: 'reasoning_effort',
    serviceTier: 'service_tier',
    cacheKey: 'prompt_cache_key',
  },
  readRequest,
  writeAnswer,
  openStream: (request, name) => new ChunkWriter(request, name),
};
