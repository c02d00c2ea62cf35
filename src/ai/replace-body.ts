import type { JsonObject } from '../contracts/model-request.ts';
import { topLevelValues } from '../lib/json-span.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';
import { requestFacts } from './request-facts.ts';

/** Puts another body in the place of a request's own, with the same model. */
export function replaceBody(call: ChatCall, body: JsonObject): void {
  call.bytes = Buffer.from(JSON.stringify(body));
  call.neutral = undefined;
  const [modelAt] = topLevelValues(call.bytes, 'model');
  const request = { ...(call.request as ChatRequest), ...requestFacts(body, call.headers) };
  call.request = modelAt ? { ...request, modelAt } : request;
}
