import type { JsonObject, ModelRequest, Tool } from '../../../contracts/model-request.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { own } from '../../../lib/own.ts';
import { NotCarried } from '../../not-carried.ts';
import { closedSchema } from '../anthropic-schema.ts';
import { ANSWER_TOKENS, convertThinking } from '../anthropic-thinking.ts';
import { withoutBlanks } from '../blank.ts';
import { samplingOf } from '../claude.ts';
import { mustBeClose } from '../image-detail.ts';
import { cacheControl, convertMessagesFor, convertText } from './convert-messages.ts';

/** A request in the neutral form as a messages request. */
export function convertRequest(
  request: ModelRequest,
  { model, stream, maxOutput = ANSWER_TOKENS }: ModelCall,
): JsonObject {
  mustBeClose(request.messages);
  const { reasoning, maxTokens, tools, toolChoice } = request;
  const { thinking, effort, budget } = convertThinking(reasoning, model, maxTokens, tools && toolChoice);
  const output = { ...(effort && { effort }), ...formatOf(request) };
  const system = withoutBlanks(request.system);
  const { temperature, topP, topK } = samplingOf(request, model);
  const fields: JsonObject = {
    model,
    // Thinking counts as output; a limit of the client's own must leave room for both.
    max_tokens: request.maxTokens ?? maxOutput + budget,
    system: system.length > 0 ? system.map(convertText) : undefined,
    messages: convertMessagesFor(model, request.messages),
    tools: request.tools?.map(convertTool),
    tool_choice: convertChoice(request),
    thinking,
    output_config: Object.keys(output).length > 0 ? output : undefined,
    temperature,
    top_p: topP,
    top_k: topK,
    stop_sequences: request.stop,
    service_tier: request.serviceTier && convertTier(request.serviceTier),
    metadata: request.user === undefined ? undefined : { user_id: request.user },
    stream: stream || undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function convertTool({
  name,
  description,
  parameters = { type: 'object' },
  strict,
  cache,
}: Tool): JsonObject {
  const closed = strict ? closedSchema(parameters) : undefined;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: closed ?? parameters,
    ...(strict !== undefined && { strict: closed !== undefined }),
    ...cacheControl(cache),
  };
}

function convertChoice({ tools, toolChoice, parallelToolCalls }: ModelRequest): JsonObject | undefined {
  if (!tools || (toolChoice === undefined && parallelToolCalls !== false)) return undefined;
  if (toolChoice === 'none') return { type: 'none' };
  const choice =
    typeof toolChoice === 'object'
      ? { type: 'tool', name: toolChoice.name }
      : { type: toolChoice === 'required' ? 'any' : 'auto' };
  return { ...choice, ...(parallelToolCalls === false && { disable_parallel_tool_use: true }) };
}

function formatOf({ responseFormat }: ModelRequest): JsonObject {
  if (!responseFormat) return {};
  // Anthropic promises JSON of a schema, not JSON of any kind.
  const schema = responseFormat.type === 'json' ? undefined : closedSchema(responseFormat.schema);
  if (!schema) throw new NotCarried({ option: 'responseFormat' });
  return { format: { type: 'json_schema', schema } };
}

const TIERS: Readonly<Record<string, string>> = { auto: 'auto', default: 'standard_only' };

function convertTier(tier: string): string {
  const converted = own(TIERS, tier);
  if (converted === undefined) throw new NotCarried({ option: 'serviceTier' });
  return converted;
}
