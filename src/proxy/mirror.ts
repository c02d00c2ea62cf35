import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { type AnswerFlow, type AnswerReceiver, Attempt, type UpstreamCall } from '../upstream/attempt.ts';
import { failureBeforeAnswer } from '../upstream/failure.ts';
import type { ForwardedRequest } from '../upstream/retry-rule.ts';
import { CancelSignal } from '../upstream/signal.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface MirrorOptions {
  /** Name of the route. */
  route: string;
  /** The shadow: its own targets, timeouts and health. */
  upstream: Upstream;
  /** Of the requests, from 0 to 1. */
  share: number;
  /** Copies under way at once; those beyond are left out. */
  maxInFlight: number;
  /** Milliseconds from a copy's beginning to its answer's end. */
  timeoutMs: number;
  random(): number;
  /** @param outcome a status class, a code of the error table, or `dropped_busy` and `dropped_body` */
  onOutcome(outcome: string): void;
}

/** Marks a copy, so that a shadow knows not to send mails and charge cards. */
const SHADOW_HEADER = 'x-gateway-shadow';

/** Bytes of a shadow's answer that are read to keep its connection; a longer one is broken off. */
const LARGEST_ANSWER = 1024 * 1024;

/**
 * Sends copies of requests to a shadow upstream and throws its answers away. The request itself never waits for its
 * copy: the copy begins in a later turn of the event loop, has its own connections and timeouts, and is left out where
 * there are too many already or its body is a stream, which two readers would slow to the slower one's pace.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  #inFlight = 0;

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** @param request as it goes to the real upstream; neither it nor its headers are changed */
  reflect(request: ForwardedRequest, exchange: LiveExchange): void {
    const { share, maxInFlight, random, onOutcome } = this.#options;
    if (random() >= share) return;
    if (request.body !== null && !Buffer.isBuffer(request.body)) {
      onOutcome('dropped_body');
      return;
    }
    if (this.#inFlight >= maxInFlight) {
      onOutcome('dropped_busy');
      return;
    }
    this.#inFlight++;
    const copy = { ...request, headers: { ...request.headers } };
    setImmediate(() => this.#send(copy, exchange));
  }

  #send(copy: ForwardedRequest, exchange: LiveExchange): void {
    const { route, upstream, timeoutMs, onOutcome } = this.#options;
    const signal = new CancelSignal();
    const timer = setTimeout(() => signal.abort(new GatewayError('upstream_timeout')), timeoutMs);
    const done = (outcome: string): void => {
      clearTimeout(timer);
      this.#inFlight--;
      onOutcome(outcome);
    };
    try {
      const target = upstream.pick(undefined, exchange);
      copy.headers[SHADOW_HEADER] = route;
      if (upstream.host === 'target') copy.headers.host = target.host;
      copy.headers.host ??= target.host;
      const call: UpstreamCall = {
        ...copy,
        target,
        path: target.basePath + copy.path,
        signal,
        headersTimeoutMs: upstream.timeouts.response,
        bodyTimeoutMs: upstream.timeouts.idle,
      };
      new Attempt(call, new DroppedAnswer(done)).start();
    } catch (error) {
      done(error instanceof GatewayError ? error.code : 'internal');
    }
  }
}

/** Reads an answer away. */
class DroppedAnswer implements AnswerReceiver {
  readonly #done: (outcome: string) => void;
  #flow: AnswerFlow | undefined;
  #outcome = '';
  #bytes = 0;

  constructor(done: (outcome: string) => void) {
    this.#done = done;
  }

  onInterim(): void {
    // Nobody waits for it.
  }

  onHead(status: number, _headers: IncomingHttpHeaders, flow: AnswerFlow): void {
    this.#flow = flow;
    this.#outcome = `${Math.floor(status / 100)}xx`;
  }

  onData(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > LARGEST_ANSWER) this.#flow?.abort(new Error('enough of a shadow’s answer was read'));
  }

  onEnd(): void {
    this.#done(this.#outcome);
  }

  onFailure(error: Error): void {
    // Broken off by ourselves, it was an answer.
    this.#done(this.#bytes > LARGEST_ANSWER ? this.#outcome : failureBeforeAnswer(error));
  }
}
