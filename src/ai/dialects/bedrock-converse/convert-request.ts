import type { JsonObject, ModelRequest, Tool } from '../../../contracts/model-request.ts';
import type { ModelCall } from '../../../contracts/provider.ts';
import { NotCarried } from '../../not-carried.ts';
import { closedSchema } from '../anthropic-schema.ts';
import { ANSWER_TOKENS, convertThinking } from '../anthropic-thinking.ts';
import { withoutBlanks } from '../blank.ts';
import { samplingOf } from '../claude.ts';
import { mustBeClose } from '../image-detail.ts';
import { systemInUserTurns } from '../late-system.ts';
import type { Turn } from '../turns.ts';
import { betasFor } from './betas.ts';
import { callsAsText } from './calls-as-text.ts';
import { convertMessages } from './convert-messages.ts';
import { marksOf, type WriteMark } from './marks.ts';
import { claudeOf, isUnnamed } from './model-name.ts';

/** A request in the neutral form as one for Converse. The model and whether it streams are said by the path. */
export function convertRequest(asked: ModelRequest, { model, maxOutput, betas = [] }: ModelCall): JsonObject {
  mustBeClose(asked.messages);
  const claude = claudeOf(model);
  const mark = marksOf(model);
  const request = withToolsToUse(claude === undefined ? asked : { ...asked, ...samplingOf(asked, claude) });
  const { system, responseFormat, serviceTier } = request;
  const own = ownFields(request, model, maxOutput);
  const texts = withoutBlanks(system).flatMap(({ text, cache }) => [{ text }, ...mark(cache)]);
  return definedOnly({
    system: texts.length > 0 ? texts : undefined,
    messages: messagesOf(request, model, mark),
    inferenceConfig: unlessEmpty({
      maxTokens: request.maxTokens ?? own.maxTokens ?? maxOutput,
      temperature: request.temperature,
      topP: request.topP,
      stopSequences: request.stop,
    }),
    toolConfig: toolConfigOf(request, mark),
    outputConfig: responseFormat && { textFormat: formatOf(responseFormat) },
    requestMetadata: request.metadata,
    serviceTier: serviceTier === undefined || serviceTier === 'auto' ? undefined : { type: serviceTier },
    additionalModelRequestFields: unlessEmpty({
      ...own.fields,
      anthropic_beta: claude === undefined ? undefined : betasFor(claude, betas),
    }),
  });
}

/** Converse can't be told to leave its tools alone: it does not hear of them then. */
const withToolsToUse = (request: ModelRequest): ModelRequest =>
  request.toolChoice === 'none' || request.tools?.length === 0 ? { ...request, tools: undefined } : request;

/** Models that have no marks cache by themselves, or not at all. */
function messagesOf({ messages, cache, tools }: ModelRequest, model: string, mark: WriteMark): Turn[] {
  const isClaude = claudeOf(model) !== undefined;
  const spoken = systemInUserTurns(messages);
  const takesThoughts = isClaude || isUnnamed(model);
  const converted = convertMessages(tools ? spoken : callsAsText(spoken), { takesThoughts, mark });
  const last = isClaude ? converted.at(-1) : undefined;
  if (!cache || !last || last.content.at(-1)?.cachePoint !== undefined) return converted;
  return [...converted.slice(0, -1), { ...last, content: [...last.content, ...mark(cache)] }];
}

const definedOnly = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function unlessEmpty(fields: JsonObject): JsonObject | undefined {
  const defined = definedOnly(fields);
  return Object.keys(defined).length > 0 ? defined : undefined;
}

function toolConfigOf(
  { tools, toolChoice, parallelToolCalls }: ModelRequest,
  mark: WriteMark,
): JsonObject | undefined {
  if (!tools) return undefined;
  if (parallelToolCalls === false) throw new NotCarried({ option: 'parallelToolCalls' });
  const choice =
    typeof toolChoice === 'object'
      ? { tool: { name: toolChoice.name } }
      : toolChoice && { [toolChoice === 'required' ? 'any' : 'auto']: {} };
  const converted = tools.flatMap((tool) => [{ toolSpec: convertTool(tool) }, ...mark(tool.cache, 'tools')]);
  return { tools: converted, ...(choice && { toolChoice: choice }) };
}

function convertTool({ name, description, parameters = { type: 'object' }, strict }: Tool): JsonObject {
  const closed = strict ? closedSchema(parameters) : undefined;
  return definedOnly({
    name,
    description,
    inputSchema: { json: closed ?? parameters },
    strict: strict && closed !== undefined,
  });
}

function formatOf(format: NonNullable<ModelRequest['responseFormat']>): JsonObject {
  // Converse promises JSON of a schema, not JSON of any kind.
  const schema = format.type === 'json' ? undefined : closedSchema(format.schema);
  if (format.type === 'json' || !schema) throw new NotCarried({ option: 'responseFormat' });
  const { name, description } = format;
  const jsonSchema = definedOnly({ name, description, schema: JSON.stringify(schema) });
  return { type: 'json_schema', structure: { jsonSchema } };
}

/** What Converse has no field for, and passes on to the model as it is. */
function ownFields(
  { topK, reasoning, maxTokens, tools, toolChoice }: ModelRequest,
  model: string,
  maxOutput: number = ANSWER_TOKENS,
): { fields: JsonObject; maxTokens?: number } {
  const claude = claudeOf(model);
  if (claude !== undefined) {
    const { thinking, effort, budget } = convertThinking(reasoning, claude, maxTokens, tools && toolChoice);
    const fields = { top_k: topK, thinking, output_config: effort && { effort } };
    return budget > 0 ? { fields, maxTokens: maxOutput + budget } : { fields };
  }
  if (topK !== undefined) throw new NotCarried({ option: 'topK' });
  if (!reasoning || reasoning.isUsual) return { fields: {} };
  const isGptOss = /(?:^|[./])openai\./.test(model) && reasoning.effort !== undefined;
  if (!isGptOss) throw new NotCarried({ option: 'reasoning' });
  return { fields: { reasoning_effort: reasoning.effort } };
}
