import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { grpcFields } from '../errors/grpc.ts';
import { renderErrorEvent } from '../errors/render.ts';
import { endWith } from '../lib/end-with.ts';
import { EventGate } from '../lib/event-gate.ts';
import { grpcEnd, grpcStatusIn, isGrpc } from '../lib/grpc-status.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import { type AnswerFlow, type AnswerReceiver, isBodiless } from '../upstream/attempt.ts';
import { failureBeforeAnswer, failureInAnswer } from '../upstream/failure.ts';
import { announcedTrailers, responseHeaders, trailersOf } from '../upstream/message-headers.ts';
import { passEarlyHints } from './early-hints.ts';
import { isOpenEventStream } from './open-event-stream.ts';
import type { RoutePolicies } from './route-policies.ts';
import type { RouteReply } from './route-reply.ts';

/** Bytes of an event that is not complete yet: a longer one goes on as it comes. */
const LARGEST_EVENT = 64 * 1024;

/** What waits for it comes behind what is done now. `queueMicrotask` makes a resource of its own for each call. */
const SOON = Promise.resolve();

/**
 * Passes an answer on to the client as it comes. One that comes in one piece, as nearly all small ones do, goes out
 * with its head in one write.
 */
export class PassedAnswer implements AnswerReceiver {
  readonly #policies: RoutePolicies;
  readonly #reply: RouteReply;
  readonly #response: ServerResponse;
  readonly #exchange: LiveExchange;
  readonly #isHttp10: boolean;
  #flow: AnswerFlow | undefined;
  /** Bytes that the head promised and that have not come; -1 = it promised no number. */
  #missing = -1;
  #hasBody = true;
  /** An answer of gRPC's to a call of it. */
  #isGrpc = false;
  /** The whole body, until it goes out with the head. */
  #whole: Buffer | undefined;
  #listensForDrain = false;
  /**
   * Of a stream of events: what of one has come waits for its end. Nobody could read it before, and behind a part of it
   * no event of the gateway's own could say that the stream has broken off.
   */
  #gate: EventGate | undefined;

  constructor(policies: RoutePolicies, request: IncomingMessage, reply: RouteReply) {
    this.#policies = policies;
    this.#reply = reply;
    this.#response = reply.raw;
    this.#exchange = exchangeOf(request);
    this.#isHttp10 = request.httpVersion === '1.0';
  }

  onInterim(status: number, headers: IncomingHttpHeaders): void {
    if (status === 103 && !this.#isHttp10) passEarlyHints(this.#response, headers);
  }

  onHead(status: number, headers: IncomingHttpHeaders, flow: AnswerFlow): void {
    const { trailer } = headers;
    const isChunked = headers['transfer-encoding'] !== undefined && !this.#isHttp10;
    this.begin(status, responseHeaders(headers, this.#exchange), flow, isChunked ? trailer : undefined);
  }

  /**
   * @param headers end to end; the gateway's and the policies' own are added to them
   * @param trailer names of the fields that will follow the body
   */
  begin(status: number, headers: HeaderBag, flow: AnswerFlow, trailer?: string): void {
    this.#flow = flow;
    this.#hasBody = !isBodiless(status) && status !== 205 && this.#exchange.method !== 'HEAD';
    const own = this.#reply.getHeaders();
    for (const name in own) headers[name] = own[name];
    if (this.#exchange.fallback !== '') headers['x-gateway-fallback'] = this.#exchange.fallback;
    this.#isGrpc = this.#exchange.isGrpc && isGrpc(headers);
    if (this.#isGrpc) this.#exchange.grpcStatus = grpcStatusIn(headers as IncomingHttpHeaders);
    this.#policies.responseHeaders(headers, this.#exchange);
    // RFC 9110 section 8.6
    if (status === 204) delete headers['content-length'];
    // Section 15.3.6: nothing may follow, and unlike a 204 it has to say so.
    if (status === 205) headers['content-length'] = 0;
    if (this.#hasBody) {
      const length = headers['content-length'];
      this.#missing = length === undefined ? -1 : Number(length);
      const announced = this.#missing < 0 ? announcedTrailers(trailer) : '';
      if (announced !== '') headers.trailer = announced;
      if (isOpenEventStream(headers)) this.#gate = new EventGate(LARGEST_EVENT);
    }
    this.#reply.hijack();
    this.#response.writeHead(status, definedOnly(headers));
    // Where nothing of the body came with the head, the client hears the head now: a stream may be silent for long.
    if (this.#hasBody && this.#missing !== 0) SOON.then(this.#flushHead);
  }

  /** An answer that is there already. */
  whole(status: number, headers: HeaderBag, body: Buffer | null): void {
    headers['x-request-id'] = this.#exchange.id;
    this.begin(status, headers, NO_FLOW);
    if (body !== null && body.length > 0) this.onData(body);
    this.onEnd({});
  }

  readonly #flushHead = (): void => {
    if (this.#whole === undefined && !this.#response.writableEnded) this.#response.flushHeaders();
  };

  onData(chunk: Buffer): void {
    if (!this.#hasBody) return;
    if (this.#missing >= 0) {
      this.#missing -= chunk.length;
      if (this.#missing === 0 && !this.#listensForDrain) {
        this.#whole = chunk;
        return;
      }
    }
    const passed = this.#gate ? this.#gate.pass(chunk) : chunk;
    if (passed.length === 0 || this.#response.write(passed)) return;
    this.#flow?.pause();
    if (this.#listensForDrain) return;
    this.#listensForDrain = true;
    this.#response.on('drain', () => this.#flow?.resume());
  }

  onEnd(fields: IncomingHttpHeaders): void {
    if (this.#isGrpc)
      this.#exchange.grpcStatus = grpcEnd(this.#response.statusCode, this.#exchange.grpcStatus, fields);
    const trailers = this.#hasBody && this.#missing < 0 ? trailersOf(fields) : undefined;
    if (trailers) this.#response.addTrailers(trailers);
    if (this.#whole !== undefined) endWith(this.#response, this.#whole);
    else this.#response.end(this.#gate?.rest());
  }

  onFailure(error: Error): void {
    // The client has gone, and has been recorded.
    if (this.#exchange.ended) return;
    if (this.#response.headersSent) {
      const known =
        error instanceof GatewayError ? error : new GatewayError(failureInAnswer(error), { cause: error });
      this.#exchange.failWith(known);
      if (this.#isGrpc) this.#endGrpc(known);
      else if (this.#gate?.isInside === false) this.#endStream(known);
      else this.#breakOff();
    } else {
      this.#reply.send(
        error instanceof GatewayError
          ? error
          : new GatewayError(failureBeforeAnswer(error), { cause: error }),
      );
    }
  }

  /** The end of a gRPC answer is its status: also of one that failed in the middle. */
  #endGrpc(error: GatewayError): void {
    const fields = grpcFields(error);
    this.#exchange.grpcStatus = Number(fields['grpc-status']);
    this.#response.addTrailers(fields);
    this.#response.end();
  }

  /** A stream of events ends with one that says why; where it broke off inside of a long one, it can't. */
  #endStream(error: GatewayError): void {
    this.#response.end(renderErrorEvent(error, 'problem', this.#exchange.id));
  }

  /** What came is sent, and then no end: half an answer must never look like a whole one. */
  #breakOff(): void {
    const response = this.#response;
    const { socket } = response;
    response.flushHeaders();
    // An answer that lasts as long as its connection has no other way to say that it is not whole.
    const endsWithConnection = this.#isHttp10 && this.#missing < 0;
    process.nextTick(() => {
      if (endsWithConnection && socket && !('encrypted' in socket)) socket.resetAndDestroy();
      else response.destroy();
    });
  }
}

const NO_FLOW: AnswerFlow = { pause: () => undefined, resume: () => undefined, abort: () => undefined };

/** `writeHead` refuses what is undefined. */
function definedOnly(headers: HeaderBag): OutgoingHttpHeaders {
  for (const name in headers) if (headers[name] === undefined) delete headers[name];
  return headers as OutgoingHttpHeaders;
}
