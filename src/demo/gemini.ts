/** Google's `generateContent`, as its own API and Vertex have it. */
import { type Call, isRecord, pause, refuse } from './call.ts';
import { replyTo } from './chat-reply.ts';
import type { ChatMessage, ChatReply, ChatRequest, ChatTool } from './chat-request.ts';
import { embed } from './embeddings.ts';
import { openEvents, pauseForToken, sendJson, sseEvent } from './reply.ts';

const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tool: 'STOP' } as const;

/** Answers `generateContent`, or `streamGenerateContent` as server-sent events. */
export async function answerGemini(
  call: Call,
  body: Record<string, unknown>,
  model: string,
  id: string,
  isStream: boolean,
): Promise<void> {
  const reply = replyTo(parse(call, body, model, isStream));
  const { slowFirstTokenMs = 0, betweenTokensMs = 0, missingFinish, missingUsage } = call.faults;
  const chunk = (parts: object[], finish?: ChatReply['finish']) => ({
    candidates: [
      {
        content: { role: 'model', parts },
        index: 0,
        ...(finish && !missingFinish && { finishReason: FINISH[finish] }),
      },
    ],
    ...(finish && !missingUsage && { usageMetadata: usageOf(reply) }),
    modelVersion: model,
    responseId: id,
  });
  const called = reply.toolCall && {
    functionCall: { name: reply.toolCall.name, args: JSON.parse(reply.toolCall.arguments) },
  };
  if (!isStream) {
    await pause(call, slowFirstTokenMs + betweenTokensMs * Math.max(0, reply.completionTokens - 1));
    return sendJson(call, 200, chunk([called ?? { text: reply.words.join('') }], reply.finish));
  }
  const stream = await openEvents(call);
  const send = (data: object) => stream.send(sseEvent({ data: JSON.stringify(data) }));
  const pieces = called ? [called] : reply.words.map((text) => ({ text }));
  for (const [at, piece] of pieces.entries()) {
    await pauseForToken(call, at);
    await send(chunk([piece]));
  }
  await send(chunk([], reply.finish));
  await stream.end();
}

const SIZE = 3072;

/** Answers `batchEmbedContents`, or Vertex's `predict`. */
export function answerGeminiEmbeddings(call: Call, body: Record<string, unknown>): Promise<void> {
  const { requests, instances, parameters } = body;
  if (instances !== undefined) {
    const asked = isRecord(parameters) ? Number(parameters.outputDimensionality) : 0;
    const predictions = recordsOf(instances).map(({ content }) => ({
      embeddings: {
        values: [...embed(String(content), asked || SIZE)],
        statistics: { truncated: false, token_count: String(content).split(' ').length },
      },
    }));
    return sendJson(call, 200, { predictions });
  }
  const embeddings = recordsOf(requests).map(({ content, outputDimensionality: size }) => ({
    values: [...embed(partsOf(content).map(textOfPart).join('\n'), typeof size === 'number' ? size : SIZE)],
  }));
  return sendJson(call, 200, { embeddings });
}

function parse(call: Call, body: Record<string, unknown>, model: string, stream: boolean): ChatRequest {
  const contents = recordsOf(body.contents);
  if (contents.length === 0) throw refuse(call, 400, 'contents is not specified');
  const system = partsOf(body.systemInstruction).map(textOfPart).join('\n');
  const config = isRecord(body.generationConfig) ? body.generationConfig : {};
  const { maxOutputTokens, stopSequences, responseJsonSchema: schema, responseMimeType: type } = config;
  const tools = recordsOf(body.tools).flatMap(({ functionDeclarations: all }) => recordsOf(all).map(toolOf));
  return {
    model,
    messages: [
      ...(system === '' ? [] : [{ role: 'system' as const, text: system }]),
      ...contents.map(messageOf),
    ],
    tools,
    toolChoice: choiceOf(body.toolConfig),
    ...(typeof maxOutputTokens === 'number' && { maxTokens: maxOutputTokens }),
    stop: Array.isArray(stopSequences) ? stopSequences.map(String) : [],
    stream,
    includeUsage: true,
    ...(type === 'application/json' && { json: isRecord(schema) ? { schema } : {} }),
  };
}

function messageOf(content: Record<string, unknown>): ChatMessage {
  const parts = partsOf(content);
  const isResult = parts.some(({ functionResponse }) => functionResponse !== undefined);
  const role = isResult ? 'tool' : content.role === 'model' ? 'assistant' : 'user';
  return { role, text: parts.map(textOfPart).join('\n') };
}

function textOfPart({
  text,
  inlineData,
  fileData,
  functionResponse: result,
}: Record<string, unknown>): string {
  if (typeof text === 'string') return text;
  if (inlineData !== undefined || fileData !== undefined) return '[image]';
  if (!isRecord(result) || !isRecord(result.response)) return '';
  return Object.values(result.response).map(String).join('\n');
}

function toolOf({ name, description, parametersJsonSchema, parameters }: Record<string, unknown>): ChatTool {
  const schema = parametersJsonSchema ?? parameters;
  return {
    name: String(name),
    description: typeof description === 'string' ? description : '',
    parameters: isRecord(schema) ? schema : {},
  };
}

function choiceOf(config: unknown): ChatRequest['toolChoice'] {
  const choice =
    isRecord(config) && isRecord(config.functionCallingConfig) ? config.functionCallingConfig : {};
  const [name] = Array.isArray(choice.allowedFunctionNames) ? choice.allowedFunctionNames : [];
  if (typeof name === 'string') return { name };
  return choice.mode === 'ANY' ? 'required' : choice.mode === 'NONE' ? 'none' : 'auto';
}

const recordsOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];
const partsOf = (content: unknown) => recordsOf(isRecord(content) ? content.parts : undefined);

function usageOf({ promptTokens, cachedTokens, completionTokens }: ChatReply) {
  return {
    promptTokenCount: promptTokens,
    cachedContentTokenCount: cachedTokens,
    candidatesTokenCount: completionTokens,
    totalTokenCount: promptTokens + completionTokens,
  };
}

const STATUSES: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** An error body of Google's APIs. */
export const geminiProblem = (code: number, message: string) => ({
  error: { code, message, status: STATUSES[code] ?? 'INTERNAL' },
});
