import type { JsonObject } from '../contracts/model-request.ts';
import { type Span, topLevelValues } from '../lib/json-span.ts';
import { writeJson } from '../lib/written-json.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';
import { requestFacts } from './request-facts.ts';

const BEGINNING = '{"model":';

/** Puts another body in the place of a request's own, with the same model. Its messages may hold what was written before. */
export function replaceBody(call: ChatCall, { model, ...rest }: JsonObject): void {
  const body: JsonObject = { model, ...rest };
  call.bytes = writeJson(body, Array.isArray(body.messages) ? 'messages' : 'input');
  call.body = undefined;
  call.neutral = undefined;
  call.writersView = undefined;
  const modelAt = modelIn(call.bytes, model);
  const was = call.request as ChatRequest;
  // Whose it is, which conversation it is of, what it is for, and whether it may be kept, has been said before; its provider need
  // not hear of it.
  const { user, conversation, previousResponse, session, store, tags } = was;
  const facts = requestFacts(body, call.headers, call.format.maxima);
  const request = { ...was, ...facts, user, conversation, previousResponse, session, store, tags };
  call.request = modelAt ? { ...request, modelAt } : request;
}

/** It stands first: behind a long conversation it would be looked for in all of that. */
function modelIn(bytes: Buffer, model: unknown): Span | undefined {
  if (typeof model !== 'string') return topLevelValues(bytes, 'model')[0];
  return { start: BEGINNING.length, end: BEGINNING.length + Buffer.byteLength(JSON.stringify(model)) };
}
