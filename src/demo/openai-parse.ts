/** OpenAI's chat completion request → `ChatRequest`. Refuses what OpenAI refuses, passes over the rest. */
import { isRecord } from './call.ts';
import type { ChatMessage, ChatRequest, ChatTool } from './chat-request.ts';
import { openAiRefusal } from './model-errors.ts';

const ROLES: Record<string, ChatMessage['role']> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

/** Reads a request body. Throws a 400 refusal that names the parameter. */
export function parseOpenAiChat(body: Record<string, unknown>): ChatRequest {
  const { messages, stop, stream_options: streamOptions, seed } = body;
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid('messages', 'must be a non-empty array');
  if (body.n !== undefined && body.n !== null && body.n !== 1) throw invalid('n', 'can only be 1 here');
  const tools = toolsOf(body.tools);
  return {
    model: modelOf(body),
    messages: messages.map(messageOf),
    tools,
    toolChoice: choiceOf(body.tool_choice, tools),
    maxTokens: maxTokensOf(body),
    stop: typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop.map(String) : [],
    stream: body.stream === true,
    includeUsage: isRecord(streamOptions) && streamOptions.include_usage === true,
    ...(typeof seed === 'number' && { seed }),
    json: formatOf(body.response_format),
  };
}

/** The model that a body asks for. Throws a 400 refusal without one. */
export function modelOf(body: Record<string, unknown>): string {
  if (typeof body.model === 'string' && body.model !== '') return body.model;
  throw openAiRefusal(400, 'you must provide a model parameter', null, 'model');
}

/** The text of a content field: a string, or the text parts of an array. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.flatMap(textOfPart).join('\n');
}

const IMAGES = new Set<unknown>(['image', 'image_url', 'input_image']);

/** A picture stands in the text as one, so that a reply shows that it arrived. */
function textOfPart(part: unknown): string[] {
  if (!isRecord(part)) return [];
  if (typeof part.text === 'string') return [part.text];
  return IMAGES.has(part.type) ? ['[image]'] : [];
}

function messageOf(message: unknown, at: number): ChatMessage {
  const role = isRecord(message) && typeof message.role === 'string' ? ROLES[message.role] : undefined;
  if (!isRecord(message) || !role) throw invalid(`messages[${at}].role`, `must be ${Object.keys(ROLES)}`);
  return { role, text: textOf(message.content) };
}

function toolsOf(tools: unknown): ChatTool[] {
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) throw invalid('tools', 'must be an array');
  return tools.flatMap((tool, at): ChatTool[] => {
    if (isRecord(tool) && tool.type === 'custom') return [];
    const spec = isRecord(tool) ? tool.function : undefined;
    if (!isRecord(spec) || typeof spec.name !== 'string')
      throw invalid(`tools[${at}].function.name`, 'is missing');
    const { name, description, parameters } = spec;
    const about = typeof description === 'string' ? description : '';
    return [{ name, description: about, parameters: isRecord(parameters) ? parameters : {} }];
  });
}

function choiceOf(choice: unknown, tools: readonly ChatTool[]): ChatRequest['toolChoice'] {
  if (choice === undefined || choice === null) return 'auto';
  if (tools.length === 0 && choice !== 'none') throw invalid('tool_choice', "needs 'tools'");
  if (choice === 'none' || choice === 'auto' || choice === 'required') return choice;
  const named = isRecord(choice) && isRecord(choice.function) ? choice.function.name : undefined;
  const tool = tools.find(({ name }) => name === named);
  if (!tool) throw invalid('tool_choice', `names no function of 'tools'`);
  return { name: tool.name };
}

function maxTokensOf(body: Record<string, unknown>): number | undefined {
  for (const key of ['max_completion_tokens', 'max_tokens']) {
    const value = body[key];
    if (value === undefined || value === null) continue;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
    throw invalid(key, 'must be a whole number from 1');
  }
  return undefined;
}

function formatOf(format: unknown): ChatRequest['json'] {
  if (!isRecord(format) || format.type === 'text') return undefined;
  const { schema } = isRecord(format.json_schema) ? format.json_schema : {};
  return isRecord(schema) ? { schema } : {};
}

function invalid(param: string, problem: string) {
  return openAiRefusal(400, `Invalid value: '${param}' ${problem}.`, 'invalid_value', param);
}
