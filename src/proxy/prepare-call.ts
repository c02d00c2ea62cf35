import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import type { UpstreamCall } from '../upstream/attempt.ts';
import { requestHeaders } from '../upstream/message-headers.ts';
import type { ProxyRoute } from './proxy-route.ts';
import { collectedBody, hasBody, limitedBody } from './request-body.ts';

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

/** Everything that the upstream call needs. The path is the one that was matched, not one that was parsed again. */
export function prepareCall(route: ProxyRoute, request: FastifyRequest): UpstreamCall {
  const { raw } = request;
  const exchange = exchangeOf(raw);
  const upstream = route.upstreamOf(exchange);
  const target = upstream.pick(undefined, exchange);
  exchange.upstream = upstream.name;
  exchange.target = target.url;
  exchange.attempts++;
  const headers = requestHeaders(raw, exchange, route.isTrusted(request));
  headers.host = upstream.host === 'client' ? (raw.headers.host ?? target.host) : target.host;
  route.policies.upstreamHeaders(headers, exchange);
  return {
    target,
    method: exchange.method,
    path: target.basePath + (exchange.upstreamPath || exchange.path) + exchange.query,
    headers,
    // Also for GET: the client sent it, and a body left in the socket would be read as the next request.
    body: collectedBody(raw) ?? (hasBody(raw) ? streamedBody(raw, exchange, route) : null),
    signal: exchange.cancel,
    headersTimeoutMs: upstream.timeouts.response,
    bodyTimeoutMs: upstream.timeouts.idle,
  };
}

/** A call of gRPC may send messages for hours: their number has no limit, and each one's size is for the upstream to say. */
function streamedBody(raw: IncomingMessage, exchange: LiveExchange, route: ProxyRoute): Readable {
  return exchange.isGrpc ? raw : limitedBody(raw, route.bodyLimit);
}
