/** From a request to a reply: a tool call or the rules' text, counted and cut to its limit. */
import { type ChatReply, type ChatRequest, wordsOf } from './chat-request.ts';
import { lastAsked, writeReply } from './chat-rules.ts';
import { chooseToolCall, instanceOf } from './chat-tools.ts';

const TOKENS_PER_MESSAGE = 3;
/** OpenAI caches prompts from 1024 tokens on, in steps of 128; so does this. */
const CACHED_FROM = 1024;
const CACHE_STEP = 128;

/** The reply to a request. A token is a word. */
export function replyTo(request: ChatRequest): ChatReply {
  const promptTokens = request.messages.reduce(
    (sum, { text }) => sum + wordsOf(text).length + TOKENS_PER_MESSAGE,
    0,
  );
  const cachedTokens = promptTokens < CACHED_FROM ? 0 : promptTokens - (promptTokens % CACHE_STEP);
  const toolCall = chooseToolCall(request);
  if (toolCall) {
    const completionTokens = wordsOf(toolCall.arguments).length + 1;
    return { words: [], toolCall, finish: 'tool', promptTokens, cachedTokens, completionTokens };
  }
  const all = wordsOf(beforeStop(textFor(request), request.stop));
  const words = all.slice(0, request.maxTokens);
  const finish = words.length < all.length ? 'length' : 'stop';
  return { words, finish, promptTokens, cachedTokens, completionTokens: words.length };
}

function textFor({ json, messages }: ChatRequest): string {
  const text = writeReply(messages);
  if (!json) return text;
  const value = json.schema ? instanceOf(json.schema, lastAsked(messages), '', 0) : { answer: text };
  return JSON.stringify(value);
}

function beforeStop(text: string, stops: readonly string[]): string {
  const cuts = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return text.slice(0, Math.min(text.length, ...cuts));
}
