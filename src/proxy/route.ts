import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf } from '../record/exchange.ts';
import { callThroughPolicies } from './around-call.ts';
import { forwardWithFallback, orStaticAnswer } from './fallback.ts';
import { PassedAnswer } from './pass-answer.ts';
import { prepareRequest, rewritePath } from './prepare-request.ts';
import type { ProxyRoute } from './proxy-route.ts';
import { collectBody, declaresTooMuch, hasBody, isSmall, watchUpload } from './request-body.ts';
import { isUpgrade, tunnelWebSocket } from './websocket.ts';

/** Answers a request of a route by itself, in its own time; a promise only of an upgrade. */
export function serveRoute(
  route: ProxyRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> | undefined {
  const { raw } = request;
  rewritePath(route, exchangeOf(raw));
  if (isUpgrade(raw)) return tunnelWebSocket(route, request, reply);
  if (declaresTooMuch(raw, route.bodyLimit)) throw new GatewayError('body_too_large');
  if (!hasBody(raw) || !isSmall(raw)) {
    if (hasBody(raw)) watchUpload(raw);
    forward(route, request, reply);
    return undefined;
  }
  collectBody(raw, () => {
    try {
      forward(route, request, reply);
    } catch (error) {
      reply.send(error);
    }
  });
  return undefined;
}

function forward(route: ProxyRoute, request: FastifyRequest, reply: FastifyReply): void {
  const { policies, fallback, mirror } = route;
  const exchange = exchangeOf(request.raw);
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
