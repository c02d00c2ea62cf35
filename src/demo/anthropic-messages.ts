/**
 * Anthropic's messages API over the same rules, because the contract's `backup` provider speaks it
 * (config/gateway.yaml, kind: anthropic). Text and tool use; no thinking, no images.
 */
import { type Call, isRecord, pause, refuse } from './call.ts';
import { replyTo } from './chat-reply.ts';
import type { ChatMessage, ChatReply, ChatRequest, ChatTool } from './chat-request.ts';
import { piecesOf } from './openai-answer.ts';
import { textOf } from './openai-parse.ts';
import { openEvents, pauseForToken, sendJson, sseEvent } from './reply.ts';

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' } as const;

/** Answers `POST /v1/messages`, whole or as the named events of a stream. */
export async function answerAnthropic(
  call: Call,
  body: Record<string, unknown>,
  model: string,
  id: string,
): Promise<void> {
  const request = parseMessages(call, body, model);
  const reply = replyTo(request);
  if (request.stream) return sendEvents(call, reply, model, id);
  const { slowFirstTokenMs = 0, betweenTokensMs = 0, missingUsage, missingFinish } = call.faults;
  await pause(call, slowFirstTokenMs + betweenTokensMs * Math.max(0, reply.completionTokens - 1));
  const { toolCall } = reply;
  const block = toolCall
    ? { type: 'tool_use', id: toolId(id), name: toolCall.name, input: JSON.parse(toolCall.arguments) }
    : { type: 'text', text: reply.words.join('') };
  await sendJson(call, 200, {
    ...head(model, id),
    content: [block],
    stop_reason: missingFinish ? null : STOP_REASONS[reply.finish],
    stop_sequence: null,
    ...(!missingUsage && { usage: { ...inputUsage(reply), output_tokens: reply.completionTokens } }),
  });
}

/** Answers `POST /v1/messages/count_tokens`. */
export function answerCount(call: Call, body: Record<string, unknown>, model: string): Promise<void> {
  const { promptTokens } = replyTo(parseMessages(call, { max_tokens: 1, ...body }, model));
  return sendJson(call, 200, { input_tokens: promptTokens });
}

async function sendEvents(call: Call, reply: ChatReply, model: string, id: string): Promise<void> {
  const { missingUsage, missingFinish } = call.faults;
  const stream = await openEvents(call);
  const send = (type: string, rest: Record<string, unknown>) =>
    stream.send(sseEvent({ event: type, data: JSON.stringify({ type, ...rest }) }));
  const { toolCall } = reply;

  await send('message_start', {
    message: {
      ...head(model, id),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...(!missingUsage && { usage: { ...inputUsage(reply), output_tokens: 0 } }),
    },
  });
  const block = toolCall
    ? { type: 'tool_use', id: toolId(id), name: toolCall.name, input: {} }
    : { type: 'text', text: '' };
  await send('content_block_start', { index: 0, content_block: block });
  const pieces = toolCall ? piecesOf(toolCall.arguments) : reply.words;
  for (const [at, piece] of pieces.entries()) {
    await pauseForToken(call, at);
    const delta = toolCall
      ? { type: 'input_json_delta', partial_json: piece }
      : { type: 'text_delta', text: piece };
    await send('content_block_delta', { index: 0, delta });
  }
  await send('content_block_stop', { index: 0 });
  if (!missingFinish) {
    await send('message_delta', {
      delta: { stop_reason: STOP_REASONS[reply.finish], stop_sequence: null },
      ...(!missingUsage && { usage: { output_tokens: reply.completionTokens } }),
    });
    await send('message_stop', {});
  }
  await stream.end();
}

function parseMessages(call: Call, body: Record<string, unknown>, model: string): ChatRequest {
  const { messages, system, max_tokens: maxTokens, tools, tool_choice: choice, stop_sequences: stops } = body;
  if (!Array.isArray(messages) || messages.length === 0) throw refuse(call, 400, 'messages: Field required');
  if (typeof maxTokens !== 'number') throw refuse(call, 400, 'max_tokens: Field required');
  const systemText = textOf(system);
  const turns = messages.map((message): ChatMessage => {
    if (!isRecord(message) || (message.role !== 'user' && message.role !== 'assistant')) {
      throw refuse(call, 400, "messages: Input should be 'user' or 'assistant'");
    }
    const result = toolResultOf(message.content);
    return result === undefined
      ? { role: message.role, text: textOf(message.content) }
      : { role: 'tool', text: result };
  });
  return {
    model,
    messages: systemText ? [{ role: 'system', text: systemText }, ...turns] : turns,
    tools: Array.isArray(tools) ? tools.flatMap(toolOf) : [],
    toolChoice: choiceOf(choice),
    maxTokens,
    stop: Array.isArray(stops) ? stops.map(String) : [],
    stream: body.stream === true,
    includeUsage: true,
    json: formatOf(body.output_config),
  };
}

function formatOf(output: unknown): ChatRequest['json'] {
  const format = isRecord(output) ? output.format : undefined;
  return isRecord(format) && isRecord(format.schema) ? { schema: format.schema } : undefined;
}

function toolResultOf(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined;
  const result = content.find((part) => isRecord(part) && part.type === 'tool_result');
  return isRecord(result) ? textOf(result.content) : undefined;
}

function toolOf(tool: unknown): ChatTool[] {
  if (!isRecord(tool) || typeof tool.name !== 'string') return [];
  const { name, description, input_schema: schema } = tool;
  const about = typeof description === 'string' ? description : '';
  return [{ name, description: about, parameters: isRecord(schema) ? schema : {} }];
}

function choiceOf(choice: unknown): ChatRequest['toolChoice'] {
  if (!isRecord(choice)) return 'auto';
  if (choice.type === 'tool' && typeof choice.name === 'string') return { name: choice.name };
  return choice.type === 'any' ? 'required' : choice.type === 'none' ? 'none' : 'auto';
}

function head(model: string, id: string) {
  return { id, type: 'message', role: 'assistant', model };
}

function toolId(id: string): string {
  return `toolu_${id.slice(id.indexOf('_') + 1)}`;
}

/** Anthropic counts cached input apart from `input_tokens`, OpenAI inside `prompt_tokens`. */
function inputUsage({ promptTokens, cachedTokens }: ChatReply) {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
  };
}
