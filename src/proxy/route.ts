import { type FastifyHttpProxyOptions, fastifyHttpProxy } from '@fastify/http-proxy';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import type { UpstreamAnswer } from '../upstream/call.ts';
import { failureBeforeAnswer, failureInAnswer } from '../upstream/failure.ts';
import { responseHeaders } from '../upstream/message-headers.ts';
import { carryCall, requestable } from '../upstream/requestable.ts';
import { hasConditions } from './conditions.ts';
import { type ProxyRoute, prepareCall } from './prepare-call.ts';
import { declaresTooMuch } from './request-body.ts';
import { isUpgrade, tunnelWebSocket } from './websocket.ts';

/** Never resolved: the target is chosen where the call is made. reply-from only wants to see a base. */
const PLACEHOLDER = 'http://upstream.invalid';

/** Registers one API route in its own Fastify scope, through @fastify/http-proxy. */
export async function registerProxyRoute(scope: FastifyInstance, route: ProxyRoute): Promise<void> {
  for (const { pattern, methods } of route.paths) {
    await scope.register(fastifyHttpProxy, proxyOptions(route, pattern, methods));
  }
}

function proxyOptions(
  route: ProxyRoute,
  pattern: string,
  methods: readonly string[],
): FastifyHttpProxyOptions {
  return {
    upstream: '',
    routes: [pattern],
    httpMethods: [...methods],
    ...(hasConditions(route.conditions) ? { constraints: { conditions: route.conditions } } : {}),
    disableRequestLogging: true,
    disableCache: true,
    internalRewriteLocationHeader: false,
    undici: requestable,
    handler: (request: FastifyRequest, reply: FastifyReply, path: string, options: object) =>
      serve(route, request, reply, path, options),
    replyOptions: {
      getUpstream: () => PLACEHOLDER,
      rewriteRequestHeaders: (request: FastifyRequest) => carryCall(prepareCall(route, request)),
      rewriteHeaders: (headers: UpstreamAnswer['headers'], request: FastifyRequest) =>
        answerHeaders(route, headers, exchangeOf(request.raw)),
      onResponse: (
        request: FastifyRequest,
        reply: FastifyReply,
        answer: { stream: UpstreamAnswer['body'] },
      ) => passAnswer(request, reply, answer.stream),
      onError: (reply: FastifyReply, failure: { error: Error }) => refuse(reply, failure.error),
      // Retries are this gateway's own business: reply-from would repeat a 503 ten times.
      retryDelay: () => null,
    },
  } as unknown as FastifyHttpProxyOptions;
}

function serve(
  route: ProxyRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  options: object,
): unknown {
  if (isUpgrade(request.raw)) return tunnelWebSocket(route, request, reply);
  if (declaresTooMuch(request.raw, route.bodyLimit)) throw new GatewayError('body_too_large');
  return reply.from(path, options);
}

function answerHeaders(
  route: ProxyRoute,
  headers: UpstreamAnswer['headers'],
  exchange: LiveExchange,
): HeaderBag {
  const bag = responseHeaders(headers, exchange);
  route.policies.responseHeaders(bag, exchange);
  return bag;
}

function passAnswer(request: FastifyRequest, reply: FastifyReply, body: UpstreamAnswer['body']): void {
  const exchange = exchangeOf(request.raw);
  body.once('error', (error) => exchange.fail(failureInAnswer(error), error));
  reply.send(body);
  // An event stream may be silent for long after its head; the client wants to know that it is open.
  const type = reply.getHeader('content-type');
  if (typeof type === 'string' && type.startsWith('text/event-stream')) reply.raw.flushHeaders();
}

function refuse(reply: FastifyReply, error: Error): void {
  const cause = error.cause ?? error;
  reply.send(cause instanceof GatewayError ? cause : new GatewayError(failureBeforeAnswer(error), { cause }));
}
