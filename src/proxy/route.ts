import { type FastifyHttpProxyOptions, fastifyHttpProxy } from '@fastify/http-proxy';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import type { UpstreamAnswer } from '../upstream/call.ts';
import { failureBeforeAnswer, failureInAnswer } from '../upstream/failure.ts';
import { responseHeaders } from '../upstream/message-headers.ts';
import { carryCall, requestable } from '../upstream/requestable.ts';
import type { Candidate } from './choice.ts';
import { type HeaderPolicies, type ProxyRoute, prepareCall, rewritePath } from './prepare-call.ts';
import { collectBody, declaresTooMuch, hasBody, isSmall } from './request-body.ts';
import { isUpgrade, tunnelWebSocket } from './websocket.ts';

/** Never resolved: the target is chosen where the call is made. reply-from only wants to see a base. */
const PLACEHOLDER = 'http://upstream.invalid';

/** A route whose meaning hangs on a feature to come; it is not half served. */
export interface InactiveRoute {
  name: string;
  /** Of the API, as the config names it, or ''. */
  version: string;
  policies: HeaderPolicies;
  /** What is missing, in words. */
  missing: string;
}

/** A pattern of the router with the methods that it is for. */
export interface ProxyPlace {
  pattern: string;
  methods: readonly string[];
  /** Who chooses among the routes that share the place, if they ask for more than path and method. */
  choice: readonly Candidate[] | null;
  /** The route that takes a request. */
  routeOf(request: FastifyRequest): ProxyRoute | InactiveRoute;
}

/** Registers a place of API routes, through @fastify/http-proxy, in the Fastify scope of their policies. */
export async function registerProxyPlace(scope: FastifyInstance, place: ProxyPlace): Promise<void> {
  await scope.register(fastifyHttpProxy, proxyOptions(place));
}

function proxyOptions(place: ProxyPlace): FastifyHttpProxyOptions {
  const activeRoute = (request: FastifyRequest): ProxyRoute => place.routeOf(request) as ProxyRoute;
  return {
    upstream: '',
    routes: [place.pattern],
    httpMethods: [...place.methods],
    ...(place.choice ? { constraints: { choice: place.choice } } : {}),
    disableRequestLogging: true,
    disableCache: true,
    internalRewriteLocationHeader: false,
    undici: requestable,
    // The path has been read once, by the listener. What the plugin makes of it (it parses the query and refuses
    // `/..name`) goes nowhere, so it gets as little as it takes.
    preRewrite: () => '/',
    handler: (request: FastifyRequest, reply: FastifyReply, path: string, options: object) =>
      serve(place.routeOf(request), request, reply, path, options),
    replyOptions: {
      getUpstream: () => PLACEHOLDER,
      rewriteRequestHeaders: (request: FastifyRequest) =>
        carryCall(prepareCall(activeRoute(request), request)),
      rewriteHeaders: (headers: UpstreamAnswer['headers'], request: FastifyRequest) =>
        answerHeaders(activeRoute(request), headers, exchangeOf(request.raw)),
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
  route: ProxyRoute | InactiveRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  options: object,
): unknown {
  if ('missing' in route)
    throw new GatewayError('feature_not_active', { detail: `It is: ${route.missing}.` });
  rewritePath(route, exchangeOf(request.raw));
  if (isUpgrade(request.raw)) return tunnelWebSocket(route, request, reply);
  if (declaresTooMuch(request.raw, route.bodyLimit)) throw new GatewayError('body_too_large');
  if (!hasBody(request.raw) || !isSmall(request.raw)) return reply.from(path, options);
  collectBody(request.raw, () => {
    try {
      reply.from(path, options);
    } catch (error) {
      reply.send(error);
    }
  });
  return reply;
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
  if (reply.sent) {
    // reply-from has refused the status and goes on all the same.
    dropBody(body);
    return;
  }
  if (reply.statusCode === 304 || reply.statusCode === 204) {
    // No body, whatever Content-Length says (RFC 9110 section 15.4.5): undici takes that for half an answer.
    dropBody(body);
    // RFC 9110 section 8.6
    if (reply.statusCode === 204) reply.removeHeader('content-length');
    reply.send();
    return;
  }
  const exchange = exchangeOf(request.raw);
  body.once('error', (error: Error) =>
    // Its own request may be at fault: a body that grew too large while the answer had begun.
    exchange.fail(error instanceof GatewayError ? error.code : failureInAnswer(error), error),
  );
  reply.send(body);
  // An event stream may be silent for long after its head; the client wants to know that it is open.
  const type = reply.getHeader('content-type');
  if (typeof type === 'string' && type.startsWith('text/event-stream')) reply.raw.flushHeaders();
}

/** How what nobody reads ends makes no difference. */
function dropBody(body: UpstreamAnswer['body']): void {
  body.on('error', () => undefined).resume();
}

function refuse(reply: FastifyReply, error: Error): void {
  const cause = error.cause ?? error;
  reply.send(cause instanceof GatewayError ? cause : new GatewayError(failureBeforeAnswer(error), { cause }));
}
