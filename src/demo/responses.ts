/** OpenAI's responses over the same rules as its chat completions. Text and calls of functions; nothing is kept. */
import { type Call, isRecord, pause } from './call.ts';
import { replyTo } from './chat-reply.ts';
import type { ChatReply, ChatRequest } from './chat-request.ts';
import { piecesOf, readingMs, type Stamp } from './openai-answer.ts';
import { parseOpenAiChat, textOf } from './openai-parse.ts';
import { openEvents, pauseForToken, sendJson, sseEvent } from './reply.ts';

/** Reads `POST /v1/responses`: what is asked there can be asked as a chat. Throws what that throws. */
export function parseResponses(body: Record<string, unknown>): ChatRequest {
  const {
    model,
    input,
    instructions,
    tools,
    tool_choice: choice,
    text,
    max_output_tokens: most,
    stream,
  } = body;
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const named = isRecord(choice) ? { type: 'function', function: { name: choice.name } } : choice;
  const format = isRecord(text) && isRecord(text.format) ? text.format : { type: 'text' };
  return parseOpenAiChat({
    model,
    messages: [
      ...(typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : []),
      ...(Array.isArray(items) ? items.map(messageOf) : []),
    ],
    tools: Array.isArray(tools) ? tools.map((tool) => ({ type: 'function', function: tool })) : undefined,
    tool_choice: named,
    response_format: { type: format.type, json_schema: format },
    max_completion_tokens: most,
    stream,
    stream_options: { include_usage: true },
  });
}

function messageOf(item: unknown): unknown {
  if (!isRecord(item)) return item;
  if (item.type === 'function_call') return { role: 'assistant', content: '' };
  if (item.type === 'function_call_output') return { role: 'tool', content: textOf(item.output) };
  return { role: item.role, content: item.content };
}

/** Answers whole, or as the named events of a stream. */
export async function answerResponses(call: Call, request: ChatRequest, stamp: Stamp): Promise<void> {
  const reply = replyTo(request);
  if (request.stream) return sendEvents(call, request, reply, stamp);
  const { slowFirstTokenMs = 0, betweenTokensMs = 0 } = call.faults;
  const writingMs = betweenTokensMs * Math.max(0, reply.completionTokens - 1);
  await pause(call, readingMs(call, reply) + slowFirstTokenMs + writingMs);
  await sendJson(call, 200, wholeOf(call, request, reply, stamp));
}

async function sendEvents(call: Call, request: ChatRequest, reply: ChatReply, stamp: Stamp): Promise<void> {
  await pause(call, readingMs(call, reply));
  const stream = await openEvents(call);
  let sequence_number = 0;
  const send = (type: string, rest: Record<string, unknown>) =>
    stream.send(
      sseEvent({ event: type, data: JSON.stringify({ type, sequence_number: sequence_number++, ...rest }) }),
    );
  const { toolCall, words } = reply;
  const item = itemOf(reply, stamp, 'completed');
  const at = { item_id: item.id, output_index: 0 };
  const response = { ...head(request, stamp), status: 'in_progress', output: [], usage: null };
  await send('response.created', { response });
  await send('response.output_item.added', {
    output_index: 0,
    item: itemOf(empty(reply), stamp, 'in_progress'),
  });
  if (!toolCall) await send('response.content_part.added', { ...at, content_index: 0, part: partOf('') });
  for (const [token, delta] of (toolCall ? piecesOf(toolCall.arguments) : words).entries()) {
    await pauseForToken(call, token);
    if (toolCall) await send('response.function_call_arguments.delta', { ...at, delta });
    else await send('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] });
  }
  if (toolCall) await send('response.function_call_arguments.done', { ...at, arguments: toolCall.arguments });
  else {
    const text = words.join('');
    await send('response.output_text.done', { ...at, content_index: 0, text, logprobs: [] });
    await send('response.content_part.done', { ...at, content_index: 0, part: partOf(text) });
  }
  await send('response.output_item.done', { output_index: 0, item });
  if (!call.faults.missingFinish) {
    const end = reply.finish === 'length' ? 'response.incomplete' : 'response.completed';
    await send(end, { response: wholeOf(call, request, reply, stamp) });
  }
  await stream.end();
}

const empty = (reply: ChatReply): ChatReply => ({
  ...reply,
  words: [],
  ...(reply.toolCall && { toolCall: { ...reply.toolCall, arguments: '' } }),
});

const head = ({ model }: ChatRequest, { id, created }: Stamp) => ({
  id,
  object: 'response',
  created_at: created,
  model,
  error: null,
  instructions: null,
  metadata: {},
  parallel_tool_calls: true,
  store: false,
});

function wholeOf({ faults }: Call, request: ChatRequest, reply: ChatReply, stamp: Stamp) {
  const isCut = reply.finish === 'length';
  return {
    ...head(request, stamp),
    status: faults.missingFinish ? 'in_progress' : isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output: [itemOf(reply, stamp, 'completed')],
    usage: faults.missingUsage ? null : usageOf(reply),
  };
}

function itemOf({ words, toolCall }: ChatReply, { id }: Stamp, status: string) {
  if (toolCall) return { id: `fc_${id}`, type: 'function_call', status, call_id: `call_${id}`, ...toolCall };
  const content = words.length > 0 ? [partOf(words.join(''))] : [];
  return { id: `msg_${id}`, type: 'message', status, role: 'assistant', content };
}

const partOf = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const usageOf = ({ promptTokens, cachedTokens, completionTokens }: ChatReply) => ({
  input_tokens: promptTokens,
  input_tokens_details: { cached_tokens: cachedTokens },
  output_tokens: completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: promptTokens + completionTokens,
});
