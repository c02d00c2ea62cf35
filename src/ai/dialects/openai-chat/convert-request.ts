import { hash } from 'node:crypto';
import type {
  JsonObject,
  ModelRequest,
  Reasoning,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../../../contracts/model-request.ts';
import type { Thoughts } from '../../../contracts/openai-service.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { effortFor } from '../effort.ts';
import { convertMessages } from './convert-messages.ts';
import { isStrict } from './is-strict.ts';
import { withSealsOfEverybody } from './seals-of-everybody.ts';

/**
 * A request in the neutral form as a chat completion request.
 * @param thoughts how the service wants back what its model thought
 */
export function convertRequest(
  request: ModelRequest,
  { model, stream }: ModelCall,
  thoughts: Thoughts = 'none',
): JsonObject {
  const { tools, toolChoice } = request;
  const messages = thoughts === 'details' ? request.messages.map(withSealsOfEverybody) : request.messages;
  return definedOnly({
    model,
    messages: convertMessages(request.system, messages, thoughts),
    tools: tools?.map(convertTool),
    // Without any it is refused.
    tool_choice: tools && toolChoice && convertChoice(toolChoice),
    parallel_tool_calls: tools && request.parallelToolCalls,
    response_format: request.responseFormat && convertFormat(request.responseFormat),
    max_completion_tokens: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    logit_bias: request.logitBias,
    stop: request.stop,
    n: request.n,
    seed: request.seed,
    ...(request.logprobs !== undefined && { logprobs: true, top_logprobs: request.logprobs }),
    reasoning_effort: request.reasoning && effortOf(request.reasoning),
    verbosity: request.verbosity,
    service_tier: request.serviceTier,
    user: request.user === undefined ? undefined : userId(request.user),
    metadata: request.metadata,
    prompt_cache_key: request.cacheKey,
    // The bill is asked for, whether the client wants to see it or not.
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
  });
}

/** `user: string too long. Expected a string with maximum length 64`: what Claude Code names a session by is longer. */
const userId = (id: string): string => (id.length <= 64 ? id : hash('sha256', id).slice(0, 32));

const definedOnly = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const convertTool = ({ name, description, parameters, strict }: Tool): JsonObject => ({
  type: 'function',
  function: definedOnly({ name, description, parameters, strict: strictOf(strict, parameters ?? {}) }),
});

/** What can't be promised is tried. */
const strictOf = (strict: boolean | undefined, schema: JsonObject): boolean | undefined =>
  strict && !isStrict(schema) ? undefined : strict;

const convertChoice = (choice: ToolChoice): unknown =>
  typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;

function convertFormat(format: ResponseFormat): JsonObject {
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema } = format;
  const strict = strictOf(format.strict, schema);
  return { type: 'json_schema', json_schema: definedOnly({ name, description, schema, strict }) };
}

function effortOf({ effort, budget, isUsual }: Reasoning): string | undefined {
  // Models that can't think, and some that can't but think, refuse even to be told not to.
  if (isUsual) return undefined;
  if (effort !== undefined || budget === undefined) return effort;
  return effortFor(budget);
}
