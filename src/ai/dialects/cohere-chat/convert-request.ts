import type { JsonObject, ModelRequest, Reasoning, Tool } from '../../../contracts/model-request.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { NotCarried } from '../../not-carried.ts';
import { convertMessages } from './convert-messages.ts';

/** A request in the neutral form as one for Cohere's chat. */
export function convertRequest(request: ModelRequest, { model, stream }: ModelCall): JsonObject {
  const { tools, responseFormat } = request;
  if (tools && request.parallelToolCalls === false) throw new NotCarried({ option: 'parallelToolCalls' });
  return definedOnly({
    model,
    messages: convertMessages(request.system, request.messages),
    tools: tools?.map(convertTool),
    strict_tools: tools?.some(({ strict }) => strict) || undefined,
    tool_choice: tools && choiceOf(request),
    response_format: responseFormat && {
      type: 'json_object',
      ...(responseFormat.type === 'json-schema' && { json_schema: responseFormat.schema }),
    },
    max_tokens: request.maxTokens,
    temperature: request.temperature,
    p: request.topP,
    k: request.topK,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    stop_sequences: request.stop,
    seed: request.seed,
    thinking: request.reasoning && thinkingOf(request.reasoning),
    stream,
  });
}

const definedOnly = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const convertTool = ({ name, description, parameters }: Tool): JsonObject => ({
  type: 'function',
  function: definedOnly({ name, description, parameters: parameters ?? { type: 'object' } }),
});

/** Cohere may be held to tools or kept from them, and chooses among them by itself. */
function choiceOf({ toolChoice }: ModelRequest): string | undefined {
  if (typeof toolChoice === 'object') throw new NotCarried({ option: 'toolChoice' });
  return toolChoice === undefined || toolChoice === 'auto' ? undefined : toolChoice.toUpperCase();
}

const BUDGETS: Readonly<Record<string, number>> = { minimal: 512, low: 1_024, medium: 8_192 };

/** A high effort is thought without a limit. */
function thinkingOf({ effort, budget = BUDGETS[effort ?? ''], isUsual }: Reasoning): JsonObject | undefined {
  // Models that can't think refuse even to be told not to.
  if (isUsual) return undefined;
  if (effort === 'none') return { type: 'disabled' };
  return { type: 'enabled', ...(budget !== undefined && { token_budget: budget }) };
}
