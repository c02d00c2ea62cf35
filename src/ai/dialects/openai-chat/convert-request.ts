import type {
  JsonObject,
  ModelRequest,
  Reasoning,
  ResponseFormat,
  Tool,
} from '../../../contracts/model-request.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { convertMessages } from './convert-messages.ts';
import { isStrict } from './is-strict.ts';

/**
 * A request in the neutral form as a chat completion request.
 * @param takesReasoning whether the service wants back what its model thought
 */
export function convertRequest(
  request: ModelRequest,
  { model, stream }: ModelCall,
  takesReasoning = false,
): JsonObject {
  const { toolChoice } = request;
  return definedOnly({
    model,
    messages: convertMessages(request.system, request.messages, takesReasoning),
    tools: request.tools?.map(convertTool),
    tool_choice:
      typeof toolChoice === 'object' ? { type: 'function', function: { name: toolChoice.name } } : toolChoice,
    parallel_tool_calls: request.tools && request.parallelToolCalls,
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
    user: request.user,
    metadata: request.metadata,
    prompt_cache_key: request.cacheKey,
    // The bill is asked for, whether the client wants to see it or not.
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
  });
}

const definedOnly = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const convertTool = ({ name, description, parameters, strict }: Tool): JsonObject => ({
  type: 'function',
  function: definedOnly({ name, description, parameters, strict }),
});

function convertFormat(format: ResponseFormat): JsonObject {
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema } = format;
  // What can't be promised is tried.
  const strict = format.strict && !isStrict(schema) ? undefined : format.strict;
  return { type: 'json_schema', json_schema: definedOnly({ name, description, schema, strict }) };
}

/** Tokens up to which an effort is taken to be meant, where a budget was given: OpenAI has no budgets. */
const EFFORTS: readonly (readonly [number, string])[] = [
  [2_048, 'low'],
  [12_288, 'medium'],
];

function effortOf({ effort, budget, isUsual }: Reasoning): string | undefined {
  // Models that can't think, and some that can't but think, refuse even to be told not to.
  if (isUsual) return undefined;
  if (effort !== undefined || budget === undefined) return effort;
  return EFFORTS.find(([most]) => budget <= most)?.[1] ?? 'high';
}
