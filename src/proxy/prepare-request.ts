import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import { requestHeaders } from '../upstream/message-headers.ts';
import type { ForwardedRequest } from '../upstream/retry-rule.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ProxyRoute } from './proxy-route.ts';
import { collectedBody, hasBody, streamedBody } from './request-body.ts';

/**
 * Settles the path that the upstream gets.
 * @throws GatewayError if the rewrite makes a path that could be read in two ways
 */
export function rewritePath({ rewrite }: ProxyRoute, exchange: LiveExchange): void {
  if (rewrite === undefined) return;
  const rewritten = rewrite(exchange.path);
  if (rewritten === null)
    throw new GatewayError('path_invalid', { cause: 'what the rewrite makes of the path is not canonical' });
  if (rewritten !== exchange.path) exchange.upstreamPath = rewritten;
}

/** The request as the upstream gets it. The path is the one that was matched, not one that was parsed again. */
export function prepareRequest(
  route: ProxyRoute,
  upstream: Upstream,
  raw: IncomingMessage,
): ForwardedRequest {
  const exchange = exchangeOf(raw);
  const headers = requestHeaders(raw, exchange, route.isTrusted(raw));
  if (upstream.host === 'client' && raw.headers.host !== undefined) headers.host = raw.headers.host;
  route.policies.upstreamHeaders(headers, exchange);
  return {
    method: exchange.method,
    path: (exchange.upstreamPath || exchange.path) + exchange.query,
    headers,
    // Also for GET: the client sent it, and a body left in the socket would be read as the next request.
    body: collectedBody(raw) ?? (hasBody(raw) ? bodyOf(raw, exchange, route, upstream) : null),
  };
}

/**
 * A call of gRPC may send messages for hours: their number has no limit, and each one's size is for the upstream to say.
 * An upstream of HTTP/1.1 takes no such calls: what is called one there is a request like any other.
 */
function bodyOf(
  raw: IncomingMessage,
  exchange: LiveExchange,
  { bodyLimit }: ProxyRoute,
  upstream: Upstream,
): Readable {
  if (!(exchange.isGrpc && upstream.isHttp2)) return streamedBody(raw, exchange, bodyLimit);
  exchange.isOpenEnded = true;
  return raw;
}
