import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { HeaderBag } from '../contracts/policy.ts';
import { exchangeOf } from '../record/exchange.ts';
import { requestHeaders } from '../upstream/message-headers.ts';

/** By what vendors know an account. The gateway's own key and account go instead. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'cookie',
  'ocp-apim-subscription-key',
  'openai-organization',
  'openai-project',
  'x-amz-security-token',
  'x-api-key',
  'x-goog-api-key',
  'x-goog-user-project',
]);
const IN_QUERY: ReadonlySet<string> = new Set([
  ...['$key', 'access_token', 'api-key', 'api_key', 'key', 'oauth_token', 'token'],
]);

/** What of a client's headers a provider may see: nothing of who it is, nor of the way here. */
export function passedHeaders(request: FastifyRequest): HeaderBag {
  const headers = requestHeaders(request.raw, exchangeOf(request.raw), false);
  for (const name of Object.keys(headers)) {
    const isOfTheWay = name.startsWith('x-forwarded-') || name === 'x-consumer-name' || name === 'via';
    const isForUs = name.startsWith('x-gateway-') || name === 'x-session-id';
    if (CREDENTIALS.has(name) || isOfTheWay || isForUs || name === 'content-length') delete headers[name];
  }
  return headers;
}

/** The query without a key, byte for byte; '' or with its '?'. */
export function passedQuery(query: string): string {
  if (query === '') return '';
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !IN_QUERY.has(nameOf(pair)));
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/** Google's system parameters that leave out of an answer what it came to, or write it as what we can't read. */
const LESS_THAN_ALL: ReadonlySet<string> = new Set(['fields', '$fields', 'callback', '$callback']);
const LESS_IN_HEADER = 'x-goog-fieldmask';
const READABLE: ReadonlySet<string> = new Set(['json', 'sse']);

/**
 * What of a call to Google's APIs would keep from us what its answer came to.
 * @returns the name of the parameter or header; undefined: nothing
 */
export function blankedBy(query: string, headers: IncomingHttpHeaders): string | undefined {
  if (headers[LESS_IN_HEADER] !== undefined) return LESS_IN_HEADER;
  for (const [given, value] of new URLSearchParams(query)) {
    const name = given.toLowerCase();
    const isForm = name === 'alt' || name === '$alt';
    if (LESS_THAN_ALL.has(name) || (isForm && !READABLE.has(formOf(value)))) return given;
  }
  return undefined;
}

/** Google's own SDKs ask for `json;enum-encoding=int`. */
const formOf = (value: string): string => value.toLowerCase().split(';', 1)[0]?.trim() ?? '';

/** A name may be written with escapes: `k%65y` is `key` to whoever reads it. */
function nameOf(pair: string): string {
  const [name = ''] = new URLSearchParams(pair).keys();
  return name.toLowerCase();
}
