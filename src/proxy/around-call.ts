import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { NextCall, UpstreamRequest, UpstreamResponse } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { AnswerReceiver } from '../upstream/attempt.ts';
import { StreamedAnswer, type UpstreamAnswer } from '../upstream/call.ts';
import { failureBeforeAnswer, failureInAnswer } from '../upstream/failure.ts';
import { endToEndHeaders } from '../upstream/message-headers.ts';
import type { ForwardedRequest } from '../upstream/retry-rule.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type Fallback, forwardWithFallback, isFor, standIn } from './fallback.ts';
import type { PassedAnswer } from './pass-answer.ts';
import type { ProxyRoute } from './proxy-route.ts';

/**
 * The way of a call that policies stand around: through them and back as values, where the plain way passes bytes on as
 * they come. What they stand around is the upstream with its retries and the upstream that stands in for it; an answer
 * from the config comes last, so that a cache can serve what it has before.
 * @returns when the answer's head has been handed over
 * @throws what is to be the answer
 */
export async function callThroughPolicies(
  { policies, fallback, mirror }: ProxyRoute,
  upstream: Upstream,
  request: ForwardedRequest,
  exchange: LiveExchange,
  answer: PassedAnswer,
): Promise<void> {
  /** What upstreams have answered, with what follows each. */
  const bodies = new Map<Readable, IncomingHttpHeaders>();
  // Hints are for the client whatever becomes of the answer; one that has its answer gets none.
  const onInterim: AnswerReceiver['onInterim'] = (status, headers) => answer.onInterim(status, headers);
  const last: NextCall = async (asked) => {
    const sent = requestOf(request, asked);
    mirror?.reflect(sent, exchange);
    // Of this call, not of one before it.
    exchange.fallback = '';
    const {
      statusCode,
      headers,
      body,
      trailers = {},
    } = await ask(upstream, fallback, sent, exchange, onInterim);
    bodies.set(body, trailers);
    return { status: statusCode, headers: endToEndHeaders(headers), body };
  };
  try {
    const response = await policies.aroundCall(request, exchange, last);
    const { body, sameBytes } = response;
    const passed = body instanceof Readable && sameBytes?.body === body ? sameBytes.of : (body as Readable);
    const trailers = bodies.get(passed);
    if (passed === body) bodies.delete(passed);
    dropUnread(bodies.keys());
    // The length was that of the body in whose place this one stands.
    if (body instanceof Readable && !trailers) delete response.headers['content-length'];
    passResponse(fallback, response, exchange, answer, trailers);
  } catch (error) {
    // A policy that reads an answer whole fails with what the answer broke off with.
    const cause = [...bodies.keys()].find(({ errored }) => errored !== null && errored === error)?.errored;
    dropAll(bodies.keys());
    throw cause ? new GatewayError(failureInAnswer(cause), { cause }) : error;
  }
}

/** What the policies have made of a request. */
function requestOf(
  request: ForwardedRequest,
  { method, path, headers, body }: UpstreamRequest,
): ForwardedRequest {
  const sent = { ...headers };
  if (Buffer.isBuffer(body)) sent['content-length'] = String(body.length);
  else if (body === null || body !== request.body) delete sent['content-length'];
  return { method, path, headers: sent, body };
}

async function ask(
  upstream: Upstream,
  fallback: Fallback | undefined,
  request: ForwardedRequest,
  exchange: LiveExchange,
  onInterim: AnswerReceiver['onInterim'],
): Promise<UpstreamAnswer> {
  try {
    return await new Promise((resolve, reject) => {
      const streamed = new StreamedAnswer(resolve, reject, onInterim);
      forwardWithFallback(upstream, fallback, request, exchange, streamed);
    });
  } catch (error) {
    exchange.fallback = '';
    throw error instanceof GatewayError
      ? error
      : new GatewayError(failureBeforeAnswer(error), { cause: error });
  }
}

/** An answer that nobody has begun to read would hold its connection until the idle timeout. */
function dropUnread(bodies: Iterable<Readable>): void {
  for (const body of bodies) {
    if (!body.readableDidRead && body.readableFlowing === null) body.on('error', () => undefined).destroy();
  }
}

/** Nobody passes any of them on: one of which only the beginning was read, being too large, goes too. */
function dropAll(bodies: Iterable<Readable>): void {
  for (const body of bodies) body.on('error', () => undefined).destroy();
}

function passResponse(
  fallback: Fallback | undefined,
  { status, headers, body }: UpstreamResponse,
  exchange: LiveExchange,
  answer: PassedAnswer,
  trailers: IncomingHttpHeaders = {},
): void {
  // The client has left meanwhile, or the config has something better than this.
  const isFailure = fallback !== undefined && isFor(fallback.on, status, exchange);
  if (exchange.ended || (isFailure && standIn(fallback, exchange, answer, String(status)))) {
    if (body instanceof Readable) body.on('error', () => undefined).destroy();
    return;
  }
  if (!(body instanceof Readable)) {
    const length = body?.length ?? lengthOf(status, headers, exchange);
    answer.whole(status, { ...headers, 'content-length': length }, body);
    return;
  }
  const flow = {
    pause: () => void body.pause(),
    resume: () => void body.resume(),
    abort: (reason: Error) => void body.destroy(reason),
  };
  // The client may leave while a policy's own stream is read; the upstream's hears of it by itself.
  exchange.cancel.once('abort', () => body.destroy(exchange.cancel.reason));
  body.once('error', (error) => answer.onFailure(error)).once('end', () => answer.onEnd(trailers));
  answer.begin(status, { ...headers, 'x-request-id': exchange.id }, flow);
  body.on('data', (chunk: Buffer) => answer.onData(chunk));
}

/** No body, but of an answer to HEAD, and of a 304, its length tells that of the body that there would be (RFC 9110 section 8.6). */
const lengthOf = (status: number, headers: UpstreamResponse['headers'], { method }: LiveExchange) =>
  method === 'HEAD' || status === 304 ? headers['content-length'] : 0;
