import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '../contracts/model-request.ts';
import { parseDuration } from '../lib/duration.ts';
import { objectOf, objectsOf, textOf } from '../lib/json.ts';
import { retryAfterMs } from '../upstream/retry-rule.ts';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * The header that a refusal does without where it says in its body how long to wait, as Google does (`google.rpc.RetryInfo`,
 * a Duration as JSON: `57.2s`). None where it says nothing.
 */
export function retryAfterIn(said: JsonObject | undefined): { 'retry-after'?: string } {
  const { error } = objectOf(said);
  const info = objectsOf(objectOf(error).details).find((each) => each['@type'] === RETRY_INFO);
  const ms = parseDuration(textOf(info?.retryDelay)) ?? 0;
  return ms > 0 ? { 'retry-after': String(Math.ceil(ms / 1000)) } : {};
}

/**
 * Milliseconds that a refusal's head says to wait, 0 = it doesn't; OpenAI says it in milliseconds, too.
 * @param now wall clock, milliseconds since the epoch
 */
export function waitOf(headers: IncomingHttpHeaders, now: number): number {
  const ms = Number(headers['retry-after-ms']);
  return ms > 0 ? ms : retryAfterMs(headers['retry-after'], now);
}
