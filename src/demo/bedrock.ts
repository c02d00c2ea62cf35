/** Amazon Bedrock's Converse and ConverseStream, and InvokeModel for vectors. */

import { awsEvent } from './aws-event.ts';
import { type Call, isRecord, pause, refuse } from './call.ts';
import { replyTo } from './chat-reply.ts';
import type { ChatMessage, ChatReply, ChatRequest, ChatTool } from './chat-request.ts';
import { embed } from './embeddings.ts';
import { piecesOf } from './openai-answer.ts';
import { openEvents, pauseForToken, sendJson } from './reply.ts';

const STOPS = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' } as const;

/** Answers `converse`, or `converse-stream` in AWS's own framing. */
export async function answerConverse(
  call: Call,
  body: Record<string, unknown>,
  model: string,
  id: string,
  isStream: boolean,
): Promise<void> {
  const reply = replyTo(parse(call, body, model, isStream));
  const { toolCall } = reply;
  const { slowFirstTokenMs = 0, betweenTokensMs = 0, missingFinish, missingUsage } = call.faults;
  const tool = toolCall && { toolUseId: `tooluse_${id}`, name: toolCall.name };
  if (!isStream) {
    await pause(call, slowFirstTokenMs + betweenTokensMs * Math.max(0, reply.completionTokens - 1));
    const block = toolCall
      ? { toolUse: { ...tool, input: JSON.parse(toolCall.arguments) } }
      : { text: reply.words.join('') };
    return sendJson(call, 200, {
      output: { message: { role: 'assistant', content: [block] } },
      ...(!missingFinish && { stopReason: STOPS[reply.finish] }),
      ...(!missingUsage && { usage: usageOf(reply) }),
      metrics: { latencyMs: 1 },
    });
  }
  const stream = await openEvents(call, {
    type: 'application/vnd.amazon.eventstream',
    huge: (padding) => awsEvent('contentBlockDelta', { padding }),
  });
  const send = (type: string, payload: object) => stream.send(awsEvent(type, payload));
  await send('messageStart', { role: 'assistant' });
  if (tool) await send('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: tool } });
  for (const [at, piece] of (toolCall ? piecesOf(toolCall.arguments) : reply.words).entries()) {
    await pauseForToken(call, at);
    const delta = toolCall ? { toolUse: { input: piece } } : { text: piece };
    await send('contentBlockDelta', { contentBlockIndex: 0, delta });
  }
  await send('contentBlockStop', { contentBlockIndex: 0 });
  if (!missingFinish) {
    await send('messageStop', { stopReason: STOPS[reply.finish] });
    await send('metadata', { ...(!missingUsage && { usage: usageOf(reply) }), metrics: { latencyMs: 1 } });
  }
  await stream.end();
}

/** Answers `invoke` of a Titan that makes vectors. */
export function answerTitan(call: Call, { inputText, dimensions }: Record<string, unknown>): Promise<void> {
  if (typeof inputText !== 'string') throw refuse(call, 400, 'Malformed input request: inputText is missing');
  const embedding = [...embed(inputText, typeof dimensions === 'number' ? dimensions : 1024)];
  return sendJson(call, 200, { embedding, inputTextTokenCount: inputText.split(/\s+/).length });
}

function parse(call: Call, body: Record<string, unknown>, model: string, stream: boolean): ChatRequest {
  const messages = recordsOf(body.messages);
  if (messages.length === 0) throw refuse(call, 400, 'A conversation must start with a user message.');
  const { maxTokens, stopSequences } = recordOf(body.inferenceConfig);
  const { tools, toolChoice } = recordOf(body.toolConfig);
  const system = recordsOf(body.system).map(textOfBlock).join('\n');
  return {
    model,
    messages: [
      ...(system === '' ? [] : [{ role: 'system' as const, text: system }]),
      ...messages.map(messageOf),
    ],
    tools: recordsOf(tools).flatMap(({ toolSpec }) => (isRecord(toolSpec) ? [toolOf(toolSpec)] : [])),
    toolChoice: choiceOf(recordOf(toolChoice)),
    ...(typeof maxTokens === 'number' && { maxTokens }),
    stop: Array.isArray(stopSequences) ? stopSequences.map(String) : [],
    stream,
    includeUsage: true,
    json: formatOf(body.outputConfig),
  };
}

function messageOf({ role, content }: Record<string, unknown>): ChatMessage {
  const blocks = recordsOf(content);
  const isResult = blocks.some(({ toolResult }) => toolResult !== undefined);
  const text = blocks.map(textOfBlock).join('\n');
  return { role: isResult ? 'tool' : role === 'assistant' ? 'assistant' : 'user', text };
}

function textOfBlock({ text, image, toolResult }: Record<string, unknown>): string {
  if (typeof text === 'string') return text;
  if (image !== undefined) return '[image]';
  return recordsOf(recordOf(toolResult).content).map(textOfBlock).join('\n');
}

function toolOf({ name, description, inputSchema }: Record<string, unknown>): ChatTool {
  const about = typeof description === 'string' ? description : '';
  return { name: String(name), description: about, parameters: recordOf(recordOf(inputSchema).json) };
}

function choiceOf({ tool, any }: Record<string, unknown>): ChatRequest['toolChoice'] {
  if (isRecord(tool)) return { name: String(tool.name) };
  return any === undefined ? 'auto' : 'required';
}

function formatOf(config: unknown): ChatRequest['json'] {
  const { schema } = recordOf(recordOf(recordOf(recordOf(config).textFormat).structure).jsonSchema);
  return typeof schema === 'string' ? { schema: recordOf(JSON.parse(schema)) } : undefined;
}

const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
const recordsOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

function usageOf({ promptTokens, cachedTokens, completionTokens }: ChatReply) {
  return {
    inputTokens: promptTokens - cachedTokens,
    outputTokens: completionTokens,
    totalTokens: promptTokens + completionTokens,
    cacheReadInputTokens: cachedTokens,
  };
}

/** An error body of AWS. */
export const bedrockProblem = (_status: number, message: string) => ({ message });
