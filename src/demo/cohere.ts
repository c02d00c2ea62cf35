/** Cohere's chat and embed, version 2. */
import { type Call, isRecord, pause } from './call.ts';
import { replyTo } from './chat-reply.ts';
import type { ChatReply } from './chat-request.ts';
import { embed } from './embeddings.ts';
import { piecesOf } from './openai-answer.ts';
import { parseOpenAiChat } from './openai-parse.ts';
import { openEvents, pauseForToken, sendJson, sseEvent } from './reply.ts';

const FINISH = { stop: 'COMPLETE', length: 'MAX_TOKENS', tool: 'TOOL_CALL' } as const;

/** Answers `POST /v2/chat`, whole or as the events of a stream. */
export async function answerCohere(call: Call, body: Record<string, unknown>, id: string): Promise<void> {
  const request = parseOpenAiChat(asOpenAi(body));
  const reply = replyTo(request);
  const { toolCall } = reply;
  const { slowFirstTokenMs = 0, betweenTokensMs = 0, missingFinish, missingUsage } = call.faults;
  const end = {
    ...(!missingFinish && { finish_reason: FINISH[reply.finish] }),
    ...(!missingUsage && { usage: usageOf(reply) }),
  };
  const called = toolCall && { id: `${toolCall.name}_${id}`, type: 'function', function: toolCall };
  if (!request.stream) {
    await pause(call, slowFirstTokenMs + betweenTokensMs * Math.max(0, reply.completionTokens - 1));
    const content = called
      ? { tool_calls: [called] }
      : { content: [{ type: 'text', text: reply.words.join('') }] };
    return sendJson(call, 200, { id, message: { role: 'assistant', ...content }, ...end });
  }
  const stream = await openEvents(call);
  const send = (type: string, rest: object = {}) =>
    stream.send(sseEvent({ event: type, data: JSON.stringify({ type, ...rest }) }));
  const say = (type: string, message: object) => send(type, { index: 0, delta: { message } });
  await send('message-start', { id, delta: { message: { role: 'assistant', content: [], tool_calls: [] } } });
  if (called) {
    await say('tool-call-start', {
      tool_calls: { ...called, function: { name: called.function.name, arguments: '' } },
    });
  } else await say('content-start', { content: { type: 'text', text: '' } });
  for (const [at, piece] of (toolCall ? piecesOf(toolCall.arguments) : reply.words).entries()) {
    await pauseForToken(call, at);
    if (called) await say('tool-call-delta', { tool_calls: { function: { arguments: piece } } });
    else await say('content-delta', { content: { text: piece } });
  }
  await send(called ? 'tool-call-end' : 'content-end', { index: 0 });
  if (!missingFinish) await send('message-end', { delta: end });
  await stream.end();
}

/** Answers `POST /v2/embed`. */
export function answerCohereEmbeddings(call: Call, body: Record<string, unknown>, id: string): Promise<void> {
  const texts = Array.isArray(body.texts) ? body.texts.map(String) : [];
  const size = typeof body.output_dimension === 'number' ? body.output_dimension : 1536;
  const float = texts.map((text) => [...embed(text, size)]);
  const tokens = texts.reduce((sum, text) => sum + text.split(/\s+/).length, 0);
  return sendJson(call, 200, {
    id,
    embeddings: { float },
    texts,
    meta: { billed_units: { input_tokens: tokens } },
  });
}

/** Near enough to OpenAI's to be read as that. */
function asOpenAi(body: Record<string, unknown>): Record<string, unknown> {
  const { tool_choice: choice, response_format: format, stop_sequences: stop, ...rest } = body;
  const schema = isRecord(format) ? format.json_schema : undefined;
  return {
    ...rest,
    ...(typeof choice === 'string' && { tool_choice: choice.toLowerCase() }),
    ...(isRecord(format) && {
      response_format: schema ? { type: 'json_schema', json_schema: { schema } } : format,
    }),
    ...(stop !== undefined && { stop }),
  };
}

function usageOf({ promptTokens, completionTokens }: ChatReply) {
  const tokens = { input_tokens: promptTokens, output_tokens: completionTokens };
  return { billed_units: tokens, tokens };
}

/** An error body of Cohere's API. */
export const cohereProblem = (_status: number, message: string) => ({ message });
