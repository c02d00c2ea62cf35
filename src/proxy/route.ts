import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf } from '../record/exchange.ts';
import { callThroughPolicies } from './around-call.ts';
import { forwardWithFallback, orStaticAnswer } from './fallback.ts';
import { PassedAnswer } from './pass-answer.ts';
import { prepareRequest, rewritePath } from './prepare-request.ts';
import type { ProxyRoute } from './proxy-route.ts';
import { collectBody, declaresTooMuch, hasBody, isSmall, watchUpload } from './request-body.ts';
import type { RouteReply } from './route-reply.ts';
import { isUpgrade, tunnelWebSocket } from './websocket.ts';

/** Answers a request of a route by itself, in its own time; a promise only of an upgrade. */
export function serveRoute(
  route: ProxyRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> | undefined {
  const { raw } = request;
  if (!isUpgrade(raw)) {
    serveRequest(route, raw, reply);
    return undefined;
  }
  rewritePath(route, exchangeOf(raw));
  return tunnelWebSocket(route, request, reply);
}

/**
 * As `serveRoute`, for a request that asks for no other protocol.
 * @throws GatewayError that is to be the answer
 */
export function serveRequest(route: ProxyRoute, request: IncomingMessage, reply: RouteReply): void {
  rewritePath(route, exchangeOf(request));
  if (declaresTooMuch(request, route.bodyLimit)) throw new GatewayError('body_too_large');
  if (!hasBody(request) || !isSmall(request)) {
    if (hasBody(request)) watchUpload(request);
    forward(route, request, reply);
    return;
  }
  collectBody(request, () => {
    try {
      forward(route, request, reply);
    } catch (error) {
      reply.send(error);
    }
  });
}

function forward(route: ProxyRoute, request: IncomingMessage, reply: RouteReply): void {
  const { policies, fallback, mirror } = route;
  const exchange = exchangeOf(request);
  const upstream = route.upstreamOf(exchange);
  const prepared = prepareRequest(route, upstream, request);
  const answer = new PassedAnswer(policies, request, reply);
  const receiver = fallback ? orStaticAnswer(fallback, exchange, answer) : answer;
  if (!policies.areAroundCall) {
    forwardWithFallback(upstream, fallback, prepared, exchange, receiver);
    mirror?.reflect(prepared, exchange);
    return;
  }
  callThroughPolicies(route, upstream, prepared, exchange, answer).catch((error: unknown) =>
    receiver.onFailure(
      error instanceof GatewayError ? error : new GatewayError('internal', { cause: error }),
    ),
  );
}
