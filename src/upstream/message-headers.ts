import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Exchange } from '../contracts/exchange.ts';
import type { HeaderBag } from '../contracts/policy.ts';

/** Headers of one connection, not of the message (RFC 9110 section 7.6.1); they never cross the gateway. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What only the gateway may say. A client that sends it is not believed. */
const OURS: ReadonlySet<string> = new Set([
  'x-consumer-name',
  'x-gateway-shadow',
  'x-gateway-variant',
  'x-request-id',
  'traceparent',
  'x-forwarded-host',
  'x-forwarded-proto',
  // IIS, Symfony and Laminas take them for the path: one beside that which was matched, and which the policies saw.
  'x-original-url',
  'x-rewrite-url',
]);
/** What a trusted proxy in front may have said, and nobody else; and everything that begins with x-forwarded-. */
const FROM_PROXIES: ReadonlySet<string> = new Set([
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
]);

const isFromProxies = (name: string): boolean => FROM_PROXIES.has(name) || name.startsWith('x-forwarded-');

/** CGI and its heirs read `x_consumer_name` as X-Consumer-Name. */
function isDisguised(name: string): boolean {
  const plain = name.replaceAll('_', '-');
  return HOP_BY_HOP.has(plain) || OURS.has(plain) || isFromProxies(plain);
}

/** What becomes of a client's header: it goes on, it never does, or only from a proxy that is trusted. */
type Way = 'passes' | 'stays' | 'from-proxies';

/** Names that were seen, and short: a client may send any. */
const WAYS = new Map<string, Way>();
const MOST_WAYS = 1_000;
const LONGEST_KNOWN = 64;

function wayOf(name: string): Way {
  const known = WAYS.get(name);
  if (known !== undefined) return known;
  const way = findWay(name);
  if (WAYS.size < MOST_WAYS && name.length <= LONGEST_KNOWN) WAYS.set(name, way);
  return way;
}

function findWay(name: string): Way {
  if (HOP_BY_HOP.has(name) || OURS.has(name)) return 'stays';
  // The gateway answers 100-continue itself; undici refuses the header.
  if (name === 'expect' || name === 'host') return 'stays';
  if (name.includes('_') && isDisguised(name)) return 'stays';
  return isFromProxies(name) ? 'from-proxies' : 'passes';
}

/** The names that a Connection header makes hop-by-hop. */
function named(connection: string | string[] | undefined): ReadonlySet<string> | null {
  if (connection === undefined) return null;
  const text = Array.isArray(connection) ? connection.join(',') : connection;
  if (text === 'keep-alive' || text === 'close') return null;
  return new Set(text.split(',').map((name) => name.trim().toLowerCase()));
}

/**
 * The client's headers as the upstream may see them. First what belongs to the connection goes, then what only the
 * gateway may say; then the gateway's own is added, so that nothing of the client's can take it away (CVE-2026-33805).
 *
 * @param trusted whether the peer is a proxy that the config trusts
 */
export function requestHeaders(request: IncomingMessage, exchange: Exchange, trusted: boolean): HeaderBag {
  const incoming = request.headers;
  const dropped = named(incoming.connection);
  const headers: HeaderBag = {};
  for (const name in incoming) {
    const way = wayOf(name);
    if (way === 'stays' || (way === 'from-proxies' && !trusted) || dropped?.has(name)) continue;
    headers[name] = incoming[name];
  }
  const peer = request.socket.remoteAddress ?? '';
  const before = trusted ? headers['x-forwarded-for'] : undefined;
  headers['x-forwarded-for'] = before ? `${String(before)}, ${peer}` : peer;
  headers['x-forwarded-host'] = (trusted && incoming['x-forwarded-host']) || incoming.host || '';
  headers['x-forwarded-proto'] =
    (trusted && incoming['x-forwarded-proto']) || ('encrypted' in request.socket ? 'https' : 'http');
  if (headers.forwarded !== undefined)
    headers.forwarded = `${String(headers.forwarded)}, ${forwardedElement(request, peer)}`;
  headers['x-request-id'] = exchange.id;
  headers.traceparent = `00-${exchange.traceId}-${exchange.spanId}-${exchange.traceFlags}`;
  // What vendors said of another trace (W3C Trace Context section 3.3).
  if (headers.tracestate !== undefined && !incoming.traceparent?.includes(exchange.traceId))
    delete headers.tracestate;
  if (exchange.consumer !== '') headers['x-consumer-name'] = exchange.consumer;
  if (exchange.variant !== '') headers['x-gateway-variant'] = exchange.variant;
  return headers;
}

/** What the gateway itself sees, behind what the proxies in front of it have said (RFC 7239 section 4). */
function forwardedElement({ headers, socket }: IncomingMessage, peer: string): string {
  const host = (headers.host ?? '').replace(/["\\]/g, '');
  const proto = 'encrypted' in socket ? 'https' : 'http';
  return `for="${peer.includes(':') ? `[${peer}]` : peer}";host="${host}";proto=${proto}`;
}

/**
 * The upstream's headers without those of its connection. Others are made, and nothing is deleted: that would cost several
 * times as much, here and wherever they are read.
 *
 * @param isWithheld of a name: it does not go on either
 */
export function endToEndHeaders(
  headers: IncomingHttpHeaders,
  isWithheld?: (name: string) => boolean,
): HeaderBag {
  const bag: HeaderBag = {};
  const dropped = named(headers.connection);
  for (const name in headers) {
    if (HOP_BY_HOP.has(name) || dropped?.has(name) || isWithheld?.(name)) continue;
    // No field of an object of ours: from a client Node takes none by that name.
    if (name !== '__proto__') bag[name] = headers[name];
  }
  return bag;
}

/** The upstream's headers as the client may see them. */
export function responseHeaders(
  headers: IncomingHttpHeaders,
  exchange: Exchange,
  isWithheld?: (name: string) => boolean,
): HeaderBag {
  const bag = endToEndHeaders(headers, isWithheld);
  bag['x-request-id'] = exchange.id;
  return bag;
}

/** What a recipient must know before the body, or must not believe after it (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'expect',
  'host',
  'location',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
  'x-request-id',
]);

const mayTrail = (name: string): boolean => !HOP_BY_HOP.has(name) && !NOT_IN_TRAILERS.has(name);

/**
 * Fields that may follow a body, of those that the upstream announced; '' if none.
 * @param trailer a list where the upstream sent several lines of it: undici joins none, whatever Node's types say
 */
export function announcedTrailers(trailer: string | readonly string[] | undefined): string {
  if (trailer === undefined) return '';
  const names = String(trailer)
    .split(',')
    .map((name) => name.trim());
  return names.filter((name) => name !== '' && mayTrail(name.toLowerCase())).join(', ');
}

/** The fields after a body as the client may see them; undefined if there are none. */
export function trailersOf(fields: IncomingHttpHeaders): Record<string, string> | undefined {
  let trailers: Record<string, string> | undefined;
  for (const name in fields) {
    if (!mayTrail(name)) continue;
    trailers ??= {};
    trailers[name] = String(fields[name]);
  }
  return trailers;
}
