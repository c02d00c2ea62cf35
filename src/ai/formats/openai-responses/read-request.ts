import type { JsonObject, ModelRequest, Reasoning, Tool } from '../../../contracts/model-request.ts';
import { Fields } from '../fields.ts';
import { responseFormatIn } from '../response-format.ts';
import { toolsOf } from '../tool-choice.ts';
import { ItemReader } from './read-items.ts';

/** Additions to an answer that are made without being asked for, or asked for elsewhere. */
const INCLUDED = ['reasoning.encrypted_content', 'message.output_text.logprobs'];

/** A responses request in the neutral form. */
export function readRequest(body: JsonObject): ModelRequest {
  const uncarried: string[] = [];
  const fields = new Fields(body, '', uncarried);
  fields.raw('model');
  const items = new ItemReader();
  const instructions = fields.text('instructions');
  if (instructions !== undefined) items.system.push({ type: 'text', at: 'instructions', text: instructions });
  const input = fields.raw('input');
  if (typeof input === 'string')
    items.messages.push({
      role: 'user',
      at: 'input',
      content: [{ type: 'text', at: 'input', text: input }],
    });
  else for (const item of fields.each('input')) items.read(item);
  const text = fields.inner('text');
  const include = fields.list('include');
  for (const { value, at } of include) if (!INCLUDED.includes(String(value))) uncarried.push(at);
  const wantsLogprobs = include.some(({ value }) => value === 'message.output_text.logprobs');
  const logprobs = fields.number('top_logprobs') ?? 0;
  const request: ModelRequest = {
    system: items.system,
    messages: items.messages,
    stream: fields.flag('stream') ?? false,
    includeUsage: true,
    ...toolsOf(fields, toolOf, nameIn),
    parallelToolCalls: fields.flag('parallel_tool_calls'),
    responseFormat: responseFormatIn(text?.inner('format'), (format) => format),
    maxTokens: fields.number('max_output_tokens'),
    temperature: fields.number('temperature'),
    topP: fields.number('top_p'),
    logprobs: wantsLogprobs || logprobs > 0 ? logprobs : undefined,
    reasoning: reasoningOf(fields.inner('reasoning')),
    verbosity: text?.text('verbosity'),
    serviceTier: fields.text('service_tier'),
    user: fields.text('user') ?? fields.text('safety_identifier'),
    metadata: fields.json('metadata'),
    cacheKey: fields.text('prompt_cache_key'),
    uncarried,
  };
  text?.leave();
  if (request.user !== undefined) fields.raw('safety_identifier');
  // Of OpenAI's own cache; they change no answer.
  for (const hint of ['prompt_cache_options', 'prompt_cache_retention']) fields.raw(hint);
  fields.passOver('store', false);
  fields.passOver('background', false);
  fields.passOver('truncation', 'disabled');
  const streamOptions = fields.inner('stream_options');
  streamOptions?.passOver('include_obfuscation', true, false);
  streamOptions?.leave();
  fields.leave();
  return request;
}

function toolOf(tool: Fields): Tool[] {
  if (tool.text('type') !== 'function') {
    // Run by OpenAI itself.
    tool.giveUp();
    return [];
  }
  const read: Tool = {
    at: tool.at,
    name: tool.needed('name'),
    description: tool.text('description'),
    parameters: tool.json('parameters'),
    strict: tool.flag('strict'),
  };
  tool.leave();
  return [read];
}

const nameIn = (mention: Fields): string => mention.needed('name');

function reasoningOf(reasoning: Fields | undefined): Reasoning | undefined {
  if (!reasoning) return undefined;
  const read = { effort: reasoning.text('effort'), summary: reasoning.text('summary') };
  reasoning.leave();
  if (read.effort !== undefined) return read;
  // How it is shown is no reason to think.
  return read.summary === undefined ? undefined : { ...read, isUsual: true };
}
