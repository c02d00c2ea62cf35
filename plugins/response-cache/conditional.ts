import type { CachedAnswer } from '../../src/contracts/cache.ts';
import type { HeaderBag, UpstreamRequest, UpstreamResponse } from '../../src/contracts/policy.ts';

const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range'];
const WEAK = /^W\//;
const ENTITY_TAG = /(?:W\/)?"[^"]*"/g;

/** The request without its client's own conditions: the cache wants the whole answer. */
export function unconditional(request: UpstreamRequest, more: HeaderBag = {}): UpstreamRequest {
  const headers = { ...request.headers };
  for (const name of CONDITIONS) delete headers[name];
  return { ...request, headers: Object.assign(headers, more) };
}

/** Asks whether a kept answer still holds; undefined if it has nothing to ask with. */
export function revalidation(
  request: UpstreamRequest,
  { headers }: CachedAnswer,
): UpstreamRequest | undefined {
  const validators: HeaderBag = {};
  if (headers.etag !== undefined) validators['if-none-match'] = headers.etag;
  if (headers['last-modified'] !== undefined) validators['if-modified-since'] = headers['last-modified'];
  return Object.keys(validators).length === 0 ? undefined : unconditional(request, validators);
}

/** Whether the client has the answer already (RFC 9110 section 13.2.2): it gets a 304. */
export function isKnownToClient(request: HeaderBag, { status, headers }: CachedAnswer): boolean {
  if (status !== 200) return false;
  const tags = request['if-none-match'];
  if (tags !== undefined) {
    if (String(tags).trim() === '*') return true;
    const mine = headers.etag === undefined ? undefined : String(headers.etag).replace(WEAK, '');
    return (
      mine !== undefined &&
      (String(tags).match(ENTITY_TAG) ?? []).some((tag) => tag.replace(WEAK, '') === mine)
    );
  }
  const since = Date.parse(String(request['if-modified-since']));
  const modified = Date.parse(String(headers['last-modified']));
  return modified <= since;
}

/** Of a representation, not of the message that confirmed it (RFC 9111 section 3.2). */
const KEPT_OF_OLD = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'transfer-encoding',
]);

/** Of the one request that was answered, never of the representation: it is not kept. */
const OF_THE_MESSAGE = new Set(['set-cookie', 'cache-tag']);

/**
 * Whether a 304 speaks of another answer than it was asked about: it must not renew that (RFC 9111 section 4.3.4). One
 * that names none, as many origins send it, means what its question named.
 */
export function isOfAnother(
  { status, headers }: Pick<UpstreamResponse, 'status' | 'headers'>,
  { headers: old }: CachedAnswer,
): boolean {
  if (status !== 304) return false;
  if (headers.etag === undefined) {
    const modified = headers['last-modified'];
    return old.etag === undefined && modified !== undefined && modified !== old['last-modified'];
  }
  // A weak tag of ours is met by its strong form, too: origins that compress weaken the tags of their 200s alone.
  return String(headers.etag).replace(WEAK, '') !== String(old.etag).replace(WEAK, '');
}

/**
 * A kept answer that a 304 has confirmed: its headers are renewed (RFC 9111 section 4.3.4), and its tags if there are others.
 *
 * @param tags that the 304 names; undefined: none, and those that are there stay
 */
export function confirmed(
  old: CachedAnswer,
  headers: HeaderBag,
  times: Pick<CachedAnswer, 'requestedAt' | 'receivedAt' | 'mark'>,
  tags: readonly string[] = old.tags,
): CachedAnswer {
  const renewed = { ...old.headers };
  // The old age was counted from the old date.
  delete renewed.age;
  for (const [name, value] of Object.entries(headers))
    if (!(KEPT_OF_OLD.has(name) || OF_THE_MESSAGE.has(name))) renewed[name] = value;
  // What is the same in the weak sense only is not told to be the same byte by byte.
  if (WEAK.test(String(old.headers.etag))) renewed.etag = old.headers.etag;
  return { ...old, ...times, tags, headers: renewed };
}
