import type { JsonObject } from '../contracts/model-request.ts';
import { topLevelValues } from '../lib/json-span.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';
import { requestFacts } from './request-facts.ts';

/** Puts another body in the place of a request's own, with the same model. */
export function replaceBody(call: ChatCall, body: JsonObject): void {
  call.bytes = Buffer.from(JSON.stringify(body));
  call.neutral = undefined;
  const [modelAt] = topLevelValues(call.bytes, 'model');
  const was = call.request as ChatRequest;
  // Which conversation it is of, and whether it may be kept, the client said; its provider need not hear of it.
  const { conversation, previousResponse, store } = was;
  const request = { ...was, ...requestFacts(body, call.headers), conversation, previousResponse, store };
  call.request = modelAt ? { ...request, modelAt } : request;
}
