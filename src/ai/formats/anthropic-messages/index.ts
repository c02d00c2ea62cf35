import type { Format } from '../../../contracts/format.ts';
import { readRequest } from './read-request.ts';
import { canWrite, writeAnswer } from './write-answer.ts';
import { MessageEventWriter } from './write-stream.ts';

/** Anthropic's messages. */
export const anthropicMessages: Format = {
  kind: 'chat',
  name: 'anthropic-messages',
  path: '/messages',
  shape: 'anthropic',
  lists: ['messages'],
  refused: [],
  headers: ['anthropic-version', 'anthropic-beta'],
  maxima: ['max_tokens'],
  fields: {
    toolChoice: 'tool_choice',
    parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
    responseFormat: 'output_config.format',
    maxTokens: 'max_tokens',
    topP: 'top_p',
    topK: 'top_k',
    stop: 'stop_sequences',
    reasoning: 'thinking',
    serviceTier: 'service_tier',
    user: 'metadata.user_id',
  },
  readRequest,
  canWrite,
  writeAnswer,
  openStream: (_request, name) => new MessageEventWriter(name),
};
