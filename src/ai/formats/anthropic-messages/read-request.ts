import type {
  JsonObject,
  ModelRequest,
  Reasoning,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../../../contracts/model-request.ts';
import { own } from '../../../lib/own.ts';
import { Fields } from '../fields.ts';
import { UNNAMED } from '../response-format.ts';
import { cacheOf, readMessages, systemOf } from './read-messages.ts';

/** Anthropic's words for the two tiers that it lets clients choose from. */
const TIERS: Readonly<Record<string, string>> = { auto: 'auto', standard_only: 'default' };

/** A messages request in the neutral form. */
export function readRequest(body: JsonObject): ModelRequest {
  const uncarried: string[] = [];
  const fields = new Fields(body, '', uncarried);
  fields.raw('model');
  const metadata = fields.inner('metadata');
  const output = fields.inner('output_config');
  const choice = fields.inner('tool_choice');
  const isSerial = choice?.flag('disable_parallel_tool_use');
  const tier = fields.text('service_tier');
  const maxTokens = fields.number('max_tokens');
  // It asks for no answer, only that the prompt is cached: others take 0 for no maximum.
  if (maxTokens === 0) uncarried.push(fields.place('max_tokens'));
  const request: ModelRequest = {
    system: systemOf(fields, 'system'),
    messages: readMessages(fields.each('messages')),
    stream: fields.flag('stream') ?? false,
    includeUsage: true,
    tools: fields.some('tools', toolOf),
    toolChoice: choiceOf(choice),
    parallelToolCalls: isSerial === undefined ? undefined : !isSerial,
    responseFormat: formatOf(output?.inner('format')),
    maxTokens: maxTokens === 0 ? undefined : maxTokens,
    temperature: fields.number('temperature'),
    topP: fields.number('top_p'),
    topK: fields.number('top_k'),
    stop: fields.has('stop_sequences')
      ? fields.list('stop_sequences').map(({ value }) => String(value))
      : undefined,
    reasoning: reasoningOf(fields.inner('thinking'), output?.text('effort')),
    serviceTier: tier === undefined ? undefined : (own(TIERS, tier) ?? tier),
    user: metadata?.text('user_id'),
    ...cacheOf(fields),
    uncarried,
  };
  fields.passOver('speed', 'standard');
  for (const inner of [metadata, output, choice, fields]) inner?.leave();
  return request;
}

function toolOf(tool: Fields): Tool[] {
  const type = tool.text('type') ?? 'custom';
  if (type !== 'custom') {
    // Run by Anthropic itself.
    tool.giveUp();
    return [];
  }
  const read: Tool = {
    at: tool.at,
    name: tool.needed('name'),
    description: tool.text('description'),
    parameters: tool.json('input_schema'),
    strict: tool.flag('strict'),
    ...cacheOf(tool),
  };
  tool.passOver('eager_input_streaming', true, false);
  tool.leave();
  return [read];
}

function choiceOf(choice: Fields | undefined): ToolChoice | undefined {
  const type = choice?.text('type');
  if (!choice || type === 'auto' || type === 'none') return type as ToolChoice | undefined;
  if (type === 'any') return 'required';
  if (type === 'tool') return { name: choice.needed('name') };
  choice.giveUp();
  return undefined;
}

function formatOf(format: Fields | undefined): ResponseFormat | undefined {
  if (!format) return undefined;
  const schema = format.text('type') === 'json_schema' ? format.json('schema') : undefined;
  format.leave();
  return schema && { type: 'json-schema', name: UNNAMED, schema, strict: true };
}

/** Anthropic's words for whether thoughts are shown. */
const SUMMARIES: Readonly<Record<string, string>> = { summarized: 'auto', omitted: 'none' };

function reasoningOf(thinking: Fields | undefined, effort: string | undefined): Reasoning | undefined {
  const type = thinking?.text('type');
  const budget = thinking?.number('budget_tokens');
  const summary = own(SUMMARIES, thinking?.text('display') ?? '');
  thinking?.leave();
  if (type === 'disabled') return { effort: 'none', isUsual: true };
  if (effort === undefined && type === undefined) return undefined;
  return { effort, budget, ...(summary && { summary }) };
}
