import type { Format } from '../../../contracts/format.ts';
import { askedWith } from './asked-with.ts';
import { readRequest } from './read-request.ts';
import { writeAnswer } from './write-answer.ts';
import { ResponseEventWriter } from './write-stream.ts';

/** OpenAI's responses. What they need of earlier ones is put into them before (`memory/`). */
export const openaiResponses: Format = {
  kind: 'chat',
  name: 'openai-responses',
  path: '/responses',
  shape: 'responses',
  lists: [],
  refused: ['background'],
  headers: [],
  maxima: ['max_output_tokens'],
  fields: {
    toolChoice: 'tool_choice',
    parallelToolCalls: 'parallel_tool_calls',
    responseFormat: 'text.format',
    maxTokens: 'max_output_tokens',
    topP: 'top_p',
    logprobs: 'top_logprobs',
    verbosity: 'text.verbosity',
    serviceTier: 'service_tier',
    cacheKey: 'prompt_cache_key',
  },
  readRequest,
  writeAnswer,
  openStream: (request, name) => new ResponseEventWriter(name, askedWith(request)),
};
