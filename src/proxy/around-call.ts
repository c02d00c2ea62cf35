import { Readable } from 'node:stream';
import type { NextCall, UpstreamRequest, UpstreamResponse } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { UpstreamCall } from '../upstream/attempt.ts';
import { callUpstream, type UpstreamAnswer } from '../upstream/call.ts';
import { failureBeforeAnswer, failureInAnswer } from '../upstream/failure.ts';
import { endToEndHeaders } from '../upstream/message-headers.ts';
import type { PassedAnswer } from './pass-answer.ts';
import type { ProxyRoute } from './proxy-route.ts';

/**
 * The way of a call that policies stand around: through them and back as values, where the plain way passes bytes on as
 * they come.
 * @returns when the answer's head has been handed over
 */
export async function callThroughPolicies(
  { policies, mirror }: ProxyRoute,
  call: UpstreamCall,
  exchange: LiveExchange,
  answer: PassedAnswer,
): Promise<void> {
  const bodies = new Set<Readable>();
  const { basePath } = call.target;
  const last: NextCall = async (request) => {
    const sent = callOf(call, basePath, request);
    mirror?.reflect(sent, exchange);
    const { statusCode, headers, body } = await ask(sent);
    bodies.add(body);
    return { status: statusCode, headers: endToEndHeaders(headers), body };
  };
  const request: UpstreamRequest = {
    method: call.method,
    path: call.path.slice(basePath.length),
    headers: call.headers,
    body: call.body,
  };
  try {
    const response = await policies.aroundCall(request, exchange, last);
    const isOwn = response.body instanceof Readable && !bodies.delete(response.body);
    dropUnread(bodies);
    // The length was that of the body in whose place this one stands.
    if (isOwn) delete response.headers['content-length'];
    passResponse(response, exchange, answer);
  } catch (error) {
    dropUnread(bodies);
    // A policy that reads an answer whole fails with what the answer broke off with.
    const cause = [...bodies].find(({ errored }) => errored !== null && errored === error)?.errored;
    throw cause ? new GatewayError(failureInAnswer(cause), { cause }) : error;
  }
}

/** What the policies have made of a call. */
function callOf(call: UpstreamCall, basePath: string, request: UpstreamRequest): UpstreamCall {
  const { method, body } = request;
  const headers = { ...request.headers };
  if (Buffer.isBuffer(body)) headers['content-length'] = String(body.length);
  else if (body === null || body !== call.body) delete headers['content-length'];
  return { ...call, method, path: basePath + request.path, headers, body };
}

async function ask(call: UpstreamCall): Promise<UpstreamAnswer> {
  try {
    return await callUpstream(call);
  } catch (error) {
    throw error instanceof GatewayError
      ? error
      : new GatewayError(failureBeforeAnswer(error), { cause: error });
  }
}

/** An answer that nobody has begun to read would hold its connection until the idle timeout. */
function dropUnread(bodies: ReadonlySet<Readable>): void {
  for (const body of bodies) {
    if (!body.readableDidRead && body.readableFlowing === null) body.on('error', () => undefined).destroy();
  }
}

function passResponse(
  { status, headers, body }: UpstreamResponse,
  exchange: LiveExchange,
  answer: PassedAnswer,
): void {
  // The client has left meanwhile.
  if (exchange.ended) {
    if (body instanceof Readable) body.on('error', () => undefined).destroy();
    return;
  }
  const bag = { ...headers, 'x-request-id': exchange.id };
  if (!(body instanceof Readable)) {
    answer.begin(status, { ...bag, 'content-length': body?.length ?? lengthOf(bag, exchange) }, NO_FLOW);
    if (body !== null && body.length > 0) answer.onData(body);
    answer.onEnd({});
    return;
  }
  const flow = {
    pause: () => void body.pause(),
    resume: () => void body.resume(),
    abort: (reason: Error) => void body.destroy(reason),
  };
  // The client may leave while a policy's own stream is read; the upstream's hears of it by itself.
  exchange.cancel.once('abort', () => body.destroy(exchange.cancel.reason));
  body.once('error', (error) => answer.onFailure(error)).once('end', () => answer.onEnd({}));
  answer.begin(status, bag, flow);
  body.on('data', (chunk: Buffer) => answer.onData(chunk));
}

/** No body, but of an answer to HEAD its length tells that of the body that GET would have. */
const lengthOf = (headers: UpstreamResponse['headers'], { method }: LiveExchange) =>
  method === 'HEAD' ? headers['content-length'] : 0;

/** Of an answer that is there already. */
const NO_FLOW = { pause: () => undefined, resume: () => undefined, abort: () => undefined };
