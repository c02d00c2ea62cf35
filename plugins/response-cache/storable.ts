import type { HeaderBag, UpstreamRequest, UpstreamResponse } from '../../src/contracts/policy.ts';
import { directivesOf } from './cache-control.ts';

/** Statuses whose meaning is known here, so that an answer that says how long it lasts may be kept. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 307, 308, 404, 405, 410, 414, 451,
]);
/** Those that are kept for the route's `ttl` when the answer says nothing; a redirect or an error page may be a whim. */
const BY_DEFAULT: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 410]);

/** What a request asks that only its origin can answer (RFC 9111 section 4.3.2), or that nothing is kept of. */
const PAST_THE_CACHE = ['range', 'if-match', 'if-unmodified-since'];

/** Whether a request may be answered from the cache at all. */
export function isCacheable({ method, headers, body, isUpgrade }: UpstreamRequest): boolean {
  if (isUpgrade || (method !== 'GET' && method !== 'HEAD')) return false;
  return body === null && PAST_THE_CACHE.every((name) => headers[name] === undefined);
}

/**
 * Whether an answer may be kept (RFC 9111 section 3), in a cache that many share.
 * @param isAuthorised whether it was given to somebody in particular
 */
export function isStorable(
  request: Pick<UpstreamRequest, 'headers'>,
  { status, headers }: Pick<UpstreamResponse, 'status' | 'headers'>,
  isAuthorised: boolean,
): boolean {
  if (!UNDERSTOOD.has(status) || !isForAll({ headers }, isAuthorised)) return false;
  if (directivesOf(request.headers['cache-control']).has('no-store')) return false;
  if (BY_DEFAULT.has(status) || headers.expires !== undefined) return true;
  const directives = directivesOf(headers['cache-control']);
  return directives.has('max-age') || directives.has('s-maxage') || directives.has('public');
}

/**
 * Whether nothing in an answer says that it is for its own client only, whatever its status.
 * @param isAuthorised whether it was given to somebody in particular
 */
export function isForAll({ headers }: Pick<UpstreamResponse, 'headers'>, isAuthorised: boolean): boolean {
  const directives = directivesOf(headers['cache-control']);
  // `private="field"` too: an answer without that field would be another one.
  if (directives.has('no-store') || directives.has('private')) return false;
  // RFC 9111 section 3.5
  const isPublic =
    directives.has('public') || directives.has('s-maxage') || directives.has('must-revalidate');
  if (isAuthorised && !isPublic) return false;
  // Not forbidden by the RFC, and never meant: the next one would get this one's session.
  if (headers['set-cookie'] !== undefined || varyOf(headers) === '*') return false;
  return !String(headers['content-type'] ?? '').startsWith('text/event-stream');
}

/**
 * Whether an answer shows that those to come under its URL are nobody else's either, so that to wait for one is to wait
 * in vain. A failure shows nothing, nor does what is peculiar to its request.
 *
 * @param isAuthorised whether those who would wait ask with credentials, as this one did
 */
export function isForOne(
  { status, headers }: Pick<UpstreamResponse, 'status' | 'headers'>,
  isAuthorised: boolean,
): boolean {
  return UNDERSTOOD.has(status) && !isStorable(ANYBODY, { status, headers }, isAuthorised);
}

/** A request that forbids nothing. */
const ANYBODY: Pick<UpstreamRequest, 'headers'> = { headers: {} };

/** Names of the request headers that choose the answer, in lower case, sorted, or `*`. */
export function varyOf(headers: HeaderBag): string[] | '*' {
  const names = String(headers.vary ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.includes('*') ? '*' : [...new Set(names)].sort();
}
