import type { FastifyRequest } from 'fastify';
import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { PathRewrite } from '../lib/path-rewrite.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import type { UpstreamCall } from '../upstream/call.ts';
import { requestHeaders } from '../upstream/message-headers.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { collectedBody, hasBody, limitedBody } from './request-body.ts';

/** What the policies of a route do to the headers that cross it. */
export interface HeaderPolicies {
  upstreamHeaders(headers: HeaderBag, exchange: LiveExchange): void;
  responseHeaders(headers: HeaderBag, exchange: LiveExchange): void;
}

export interface ProxyRoute {
  name: string;
  /** Of the API, as the config names it, or ''. */
  version: string;
  upstream: Upstream;
  policies: HeaderPolicies;
  /** What the path becomes for the upstream; undefined: it stays. */
  rewrite: PathRewrite | undefined;
  /** Bytes. */
  bodyLimit: number;
  isTrusted(request: FastifyRequest): boolean;
}

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
  const exchange = exchangeOf(request.raw);
  const target = route.upstream.pick();
  exchange.upstream = route.upstream.name;
  exchange.target = target.url;
  exchange.attempts++;
  const headers = requestHeaders(request.raw, exchange, route.isTrusted(request));
  headers.host = route.upstream.host === 'client' ? (request.headers.host ?? target.host) : target.host;
  route.policies.upstreamHeaders(headers, exchange);
  return {
    target,
    method: request.method,
    path: target.basePath + (exchange.upstreamPath || exchange.path) + exchange.query,
    headers,
    // Also for GET: the client sent it, and a body left in the socket would be read as the next request.
    body:
      collectedBody(request.raw) ?? (hasBody(request.raw) ? limitedBody(request.raw, route.bodyLimit) : null),
    signal: exchange.cancel,
    headersTimeoutMs: route.upstream.timeouts.response,
    bodyTimeoutMs: route.upstream.timeouts.idle,
  };
}
