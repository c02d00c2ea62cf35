import type { JsonObject, ModelRequest, Tool } from '../../../contracts/model-request.ts';
import { Fields } from '../fields.ts';
import { responseFormatIn } from '../response-format.ts';
import { toolsOf } from '../tool-choice.ts';
import { readMessages } from './read-messages.ts';

/** A chat completion request in the neutral form. */
export function readRequest(body: JsonObject): ModelRequest {
  const uncarried: string[] = [];
  const fields = new Fields(body, '', uncarried);
  fields.raw('model');
  const streamOptions = fields.inner('stream_options');
  const effort = fields.text('reasoning_effort');
  const isLogprobs = fields.flag('logprobs');
  const logprobs = fields.number('top_logprobs') ?? (isLogprobs ? 0 : undefined);
  const { system, messages } = readMessages(fields.each('messages'));
  const n = fields.number('n');
  const request: ModelRequest = {
    system,
    messages,
    stream: fields.flag('stream') ?? false,
    includeUsage: streamOptions?.flag('include_usage') ?? false,
    ...toolsOf(fields, toolOf, nameIn),
    parallelToolCalls: fields.flag('parallel_tool_calls'),
    responseFormat: responseFormatIn(fields.inner('response_format'), (format) =>
      format.inner('json_schema'),
    ),
    maxTokens: fields.number('max_completion_tokens') ?? fields.number('max_tokens'),
    temperature: fields.number('temperature'),
    topP: fields.number('top_p'),
    // Not OpenAI's own, but of most that speak its format.
    topK: fields.number('top_k'),
    frequencyPenalty: fields.number('frequency_penalty') || undefined,
    presencePenalty: fields.number('presence_penalty') || undefined,
    logitBias: fields.json('logit_bias'),
    stop: stopOf(fields),
    n: n === 1 ? undefined : n,
    seed: fields.number('seed'),
    logprobs: isLogprobs === false ? undefined : logprobs,
    reasoning: effort === undefined ? undefined : { effort },
    verbosity: fields.text('verbosity'),
    serviceTier: fields.text('service_tier'),
    user: fields.text('user') ?? fields.text('safety_identifier'),
    metadata: fields.json('metadata'),
    cacheKey: fields.text('prompt_cache_key'),
    uncarried,
  };
  streamOptions?.passOver('include_obfuscation', true, false);
  streamOptions?.leave();
  // Of OpenAI's own cache; they change no answer.
  for (const hint of ['prompt_cache_options', 'prompt_cache_retention']) fields.raw(hint);
  fields.passOver('store', false);
  // Both name what `max_completion_tokens` and `user` name as well.
  if (request.maxTokens !== undefined) fields.raw('max_tokens');
  if (request.user !== undefined) fields.raw('safety_identifier');
  fields.leave();
  return request;
}

function stopOf(fields: Fields): string[] | undefined {
  const stop = fields.raw('stop');
  if (stop === undefined) return undefined;
  return typeof stop === 'string' ? [stop] : fields.list('stop').map(({ value }) => String(value));
}

function toolOf(tool: Fields): Tool[] {
  const spec = tool.text('type') === 'function' ? tool.inner('function') : undefined;
  if (!spec) {
    tool.giveUp();
    return [];
  }
  const read = {
    at: tool.at,
    name: spec.needed('name'),
    description: spec.text('description'),
    parameters: spec.json('parameters'),
    strict: spec.flag('strict'),
  };
  spec.leave();
  tool.leave();
  return [read];
}

const nameIn = (mention: Fields): string | undefined => mention.inner('function')?.needed('name');
