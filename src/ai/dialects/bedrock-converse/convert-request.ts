import type { JsonObject, ModelRequest, Tool } from '../../../contracts/model-request.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { NotCarried } from '../../not-carried.ts';
import { ANSWER_TOKENS, convertThinking } from '../anthropic-thinking.ts';
import { cachePoint, convertMessages, convertText } from './convert-messages.ts';

/** A request in the neutral form as one for Converse. The model and whether it streams are said by the path. */
export function convertRequest(request: ModelRequest, { model, maxOutput }: ModelCall): JsonObject {
  const { system, responseFormat, serviceTier } = request;
  const own = ownFields(request, model, maxOutput);
  return definedOnly({
    system: system.length > 0 ? system.flatMap(convertText) : undefined,
    messages: messagesOf(request, model),
    inferenceConfig: unlessEmpty({
      maxTokens: request.maxTokens ?? own.maxTokens ?? maxOutput,
      temperature: request.temperature,
      topP: request.topP,
      stopSequences: request.stop,
    }),
    toolConfig: toolConfigOf(request),
    outputConfig: responseFormat && { textFormat: formatOf(responseFormat) },
    requestMetadata: request.metadata,
    serviceTier: serviceTier === undefined || serviceTier === 'auto' ? undefined : { type: serviceTier },
    additionalModelRequestFields: unlessEmpty(own.fields),
  });
}

/** `anthropic.claude-…`, also of an inference profile: `eu.anthropic.claude-…`, or at the end of its ARN. */
const CLAUDE = /(?:^|[./])anthropic\.(claude.*)$/;
/** ARNs that don't say which model they stand for. */
const UNNAMED = /:(?:application-inference-profile|provisioned-model)\//;

/** Models that have no marks cache by themselves, or not at all. */
function messagesOf({ messages, cache }: ModelRequest, model: string): JsonObject[] {
  const isClaude = CLAUDE.test(model);
  const converted = convertMessages(messages, isClaude || UNNAMED.test(model));
  const last = isClaude ? converted.at(-1) : undefined;
  if (!cache || !last || last.content.at(-1)?.cachePoint !== undefined) return converted;
  return [...converted.slice(0, -1), { ...last, content: [...last.content, ...cachePoint(cache)] }];
}

const definedOnly = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function unlessEmpty(fields: JsonObject): JsonObject | undefined {
  const defined = definedOnly(fields);
  return Object.keys(defined).length > 0 ? defined : undefined;
}

function toolConfigOf({ tools, toolChoice, parallelToolCalls }: ModelRequest): JsonObject | undefined {
  if (!tools) return undefined;
  if (parallelToolCalls === false) throw new NotCarried({ option: 'parallelToolCalls' });
  // Converse can't be told to leave its tools alone.
  if (toolChoice === 'none') throw new NotCarried({ option: 'toolChoice' });
  const choice =
    typeof toolChoice === 'object'
      ? { tool: { name: toolChoice.name } }
      : toolChoice && { [toolChoice === 'required' ? 'any' : 'auto']: {} };
  return { tools: tools.flatMap(convertTool), ...(choice && { toolChoice: choice }) };
}

function convertTool({ name, description, parameters, strict, cache }: Tool): JsonObject[] {
  const inputSchema = { json: parameters ?? { type: 'object' } };
  return [{ toolSpec: definedOnly({ name, description, inputSchema, strict }) }, ...cachePoint(cache)];
}

function formatOf(format: NonNullable<ModelRequest['responseFormat']>): JsonObject {
  // Converse promises JSON of a schema, not JSON of any kind.
  if (format.type === 'json') throw new NotCarried({ option: 'responseFormat' });
  const { name, description, schema } = format;
  const jsonSchema = definedOnly({ name, description, schema: JSON.stringify(schema) });
  return { type: 'json_schema', structure: { jsonSchema } };
}

/** What Converse has no field for, and passes on to the model as it is. */
function ownFields(
  { topK, reasoning, maxTokens }: ModelRequest,
  model: string,
  maxOutput: number = ANSWER_TOKENS,
): { fields: JsonObject; maxTokens?: number } {
  const [, claude] = CLAUDE.exec(model) ?? [];
  if (claude !== undefined) {
    const { thinking, effort, budget } = convertThinking(reasoning, claude, maxTokens);
    const fields = { top_k: topK, thinking, output_config: effort && { effort } };
    return budget > 0 ? { fields, maxTokens: maxOutput + budget } : { fields };
  }
  if (topK !== undefined) throw new NotCarried({ option: 'topK' });
  if (!reasoning) return { fields: {} };
  const isGptOss = /(?:^|[./])openai\./.test(model) && reasoning.effort !== undefined;
  if (!isGptOss) throw new NotCarried({ option: 'reasoning' });
  return { fields: { reasoning_effort: reasoning.effort } };
}
