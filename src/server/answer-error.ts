import type { IncomingMessage } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isDestroyed, SealBroken } from '../context/privacy/seal-broken.ts';
import type { HeaderBag } from '../contracts/policy.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { renderError } from '../errors/render.ts';
import { ERRORS, type ErrorCode } from '../errors/table.ts';
import { hasBody } from '../proxy/request-body.ts';
import type { RouteReply } from '../proxy/route-reply.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import { answerGrpcError } from './grpc.ts';

/** Fastify's own errors in terms of ours. Everything else that is not a GatewayError is a fault of ours. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body_malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body_malformed',
  FST_ERR_BAD_URL: 'path_invalid',
  FST_ERR_MAX_PARAM_LENGTH: 'path_invalid',
  // QUERY, the one method that Fastify looks at before it looks for a route. No route of ours has it.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'method_not_allowed',
};

/** @param reason what the exchange knows already: an upstream's answer may break before its head has gone out */
export function toGatewayError(error: unknown, reason = ''): GatewayError {
  if (error instanceof GatewayError) return error;
  if (Object.hasOwn(ERRORS, reason)) return new GatewayError(reason as ErrorCode, { cause: error });
  // Of what was said nothing is lost; and what nobody can open any more counts as erased.
  if (isDestroyed(error)) return new GatewayError('session_unknown', { cause: error });
  const again = { cause: error, headers: { 'retry-after': '1' } };
  if (error instanceof StoreUnavailable) return new GatewayError('store_unavailable', again);
  if (error instanceof SealBroken) return new GatewayError('context_unavailable', again);
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FASTIFY_CODES[code];
  if (known !== undefined) return new GatewayError(known, { cause: error });
  if (statusCode === 400) return new GatewayError('path_invalid', { cause: error });
  return new GatewayError('internal', { cause: error });
}

/** What only who runs the gateway can mend, and has to hear of: a fault of ours, or a secret that is not in the config. */
export const isForOperator = ({ code, cause }: GatewayError): boolean =>
  code === 'internal' || (cause instanceof SealBroken && !isDestroyed(cause));

export interface ErrorAnswer {
  status: number;
  headers: HeaderBag;
  body: string;
}

/** The answer for an error, in the shape that the exchange's client understands; the exchange learns the reason. */
export function errorAnswer(error: GatewayError, exchange: LiveExchange): ErrorAnswer {
  exchange.failWith(error);
  const { contentType, body } = renderError(error, exchange.shape, exchange.id);
  return {
    status: error.statusCode,
    headers: {
      ...error.headers,
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-request-id': exchange.id,
      // Where Anthropic's SDKs look for it.
      ...(exchange.shape === 'anthropic' && { 'request-id': exchange.id }),
      // A conversation that began anew says so also where its first turn comes to nothing.
      ...(exchange.context && { 'x-context-status': exchange.context.status }),
      ...(exchange.ai && exchange.attempts > 0 ? { 'x-gateway-attempts': String(exchange.attempts) } : {}),
    },
    body,
  };
}

/** What has its say on an error's answer, and hears of what is for the operator. */
export interface ErrorPorts {
  policies: { responseHeaders(headers: HeaderBag, exchange: LiveExchange): void };
  onInternal(error: GatewayError, exchange: LiveExchange): void;
}

/** Writes an error where Fastify has no part in it; nothing where an answer has begun. */
export function writeError(
  error: unknown,
  request: IncomingMessage,
  reply: Pick<RouteReply, 'raw' | 'getHeaders'>,
  { policies, onInternal }: ErrorPorts,
): void {
  const response = reply.raw;
  if (response.headersSent || response.writableEnded) return;
  const exchange = exchangeOf(request);
  const known = toGatewayError(error, exchange.reason);
  if (isForOperator(known)) onInternal(known, exchange);
  const { status, headers, body } = errorAnswer(known, exchange);
  policies.responseHeaders(headers, exchange);
  const set = reply.getHeaders();
  for (const name in set) if (KEPT.has(name)) headers[name] ??= set[name];
  if (isUnread(request)) headers.connection = 'close';
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) response.setHeader(name, value);
  }
  response.statusCode = status;
  response.end(body);
}

/** A request body that was not read can't be told from the next request. */
const isUnread = (request: IncomingMessage): boolean =>
  request.httpVersionMajor === 1 && hasBody(request) && !request.complete;

/** Sends an error through Fastify. `decorate` lets the route's policies have their say on the headers. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onInternal: (error: GatewayError, exchange: LiveExchange) => void,
): void {
  const exchange = exchangeOf(request.raw);
  const known = toGatewayError(error, exchange.reason);
  if (isForOperator(known)) onInternal(known, exchange);
  if (exchange.isGrpc) {
    reply.hijack();
    answerGrpcError(known, exchange, reply.raw);
    return;
  }
  const answer = errorAnswer(known, exchange);
  request.routeOptions.config.policies?.responseHeaders(answer.headers, exchange);
  // What an upstream's half-taken answer has set is not part of this one.
  for (const name of Object.keys(reply.getHeaders())) {
    if (!KEPT.has(name)) reply.removeHeader(name);
  }
  if (isUnread(request.raw)) reply.header('connection', 'close');
  // As bytes: to a string Fastify adds a charset, which these media types don't have.
  reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body));
}

/** Headers that policies set on the reply while it was still open how it would end. */
const KEPT: ReadonlySet<string> = new Set(['ratelimit', 'ratelimit-policy', 'retry-after']);

declare module 'fastify' {
  interface FastifyContextConfig {
    policies?: { responseHeaders(headers: HeaderBag, exchange: LiveExchange): void };
  }
}
