/** `ChatReply` → OpenAI's chat completion, whole or as chunks. */
import { type Call, pause } from './call.ts';
import type { ChatReply, ChatRequest } from './chat-request.ts';
import { openEvents, pauseForToken, sendJson, sseEvent } from './reply.ts';

/** What the service adds to a reply: its id, its time (Unix seconds), and its fingerprint. */
export interface Stamp {
  id: string;
  created: number;
  fingerprint: string;
}

const ARGUMENT_PIECE = 8;

/** Answers one chat completion in the form the request asked for. */
export function answerOpenAi(
  call: Call,
  request: ChatRequest,
  reply: ChatReply,
  stamp: Stamp,
): Promise<void> {
  return request.stream ? sendChunks(call, request, reply, stamp) : sendWhole(call, request, reply, stamp);
}

/** How long the model reads before it writes. */
export const readingMs = ({ faults }: Call, { promptTokens }: ChatReply): number =>
  Math.round(((faults.msPerThousandTokens ?? 0) * promptTokens) / 1000);

async function sendWhole(call: Call, request: ChatRequest, reply: ChatReply, stamp: Stamp): Promise<void> {
  const { slowFirstTokenMs = 0, betweenTokensMs = 0, missingUsage, missingFinish } = call.faults;
  await pause(
    call,
    readingMs(call, reply) + slowFirstTokenMs + betweenTokensMs * Math.max(0, reply.completionTokens - 1),
  );
  const message = {
    role: 'assistant',
    content: reply.toolCall ? null : reply.words.join(''),
    refusal: null,
    ...(reply.toolCall && {
      tool_calls: [{ id: callId(stamp), type: 'function', function: reply.toolCall }],
    }),
  };
  await sendJson(call, 200, {
    ...head(request, stamp, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: missingFinish ? null : finishOf(reply) }],
    ...(!missingUsage && { usage: usageOf(reply) }),
  });
}

async function sendChunks(call: Call, request: ChatRequest, reply: ChatReply, stamp: Stamp): Promise<void> {
  const { missingUsage, missingFinish } = call.faults;
  await pause(call, readingMs(call, reply));
  const withUsage = request.includeUsage && !missingUsage;
  const stream = await openEvents(call);
  const send = (rest: Record<string, unknown>) =>
    stream.send(
      sseEvent({ data: JSON.stringify({ ...head(request, stamp, 'chat.completion.chunk'), ...rest }) }),
    );
  const sendDelta = (delta: Record<string, unknown>, finish: string | null = null) =>
    send({
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(withUsage && { usage: null }),
    });

  let token = 0;
  for (const delta of deltasOf(reply, stamp)) {
    // The role chunk comes at once with the headers; the waiting is for the first token behind it.
    if (!('role' in delta) || reply.toolCall) await pauseForToken(call, token++);
    await sendDelta(delta);
  }
  if (!missingFinish) await sendDelta({}, finishOf(reply));
  if (withUsage) await send({ choices: [], usage: usageOf(reply) });
  if (!missingFinish) await stream.send(sseEvent({ data: '[DONE]' }));
  await stream.end();
}

function* deltasOf({ words, toolCall }: ChatReply, stamp: Stamp): Generator<Record<string, unknown>> {
  if (!toolCall) {
    yield { role: 'assistant', content: '', refusal: null };
    for (const content of words) yield { content };
    return;
  }
  const opening = {
    index: 0,
    id: callId(stamp),
    type: 'function',
    function: { name: toolCall.name, arguments: '' },
  };
  yield { role: 'assistant', content: null, tool_calls: [opening] };
  for (const piece of piecesOf(toolCall.arguments)) {
    yield { tool_calls: [{ index: 0, function: { arguments: piece } }] };
  }
}

/** A tool call's arguments in the pieces in which they are streamed. */
export function piecesOf(text: string): string[] {
  return text.match(new RegExp(`.{1,${ARGUMENT_PIECE}}`, 'gsu')) ?? [];
}

function head({ model, seed }: ChatRequest, { id, created, fingerprint }: Stamp, object: string) {
  return { id, object, created, model, system_fingerprint: fingerprint, ...(seed !== undefined && { seed }) };
}

function callId({ id }: Stamp): string {
  return `call_${id.slice(id.indexOf('-') + 1)}`;
}

function finishOf({ finish }: ChatReply): string {
  return finish === 'tool' ? 'tool_calls' : finish;
}

function usageOf({ promptTokens, cachedTokens, completionTokens }: ChatReply) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}
