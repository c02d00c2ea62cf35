import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';
import { type AnswerFlow, type AnswerReceiver, Attempt, type UpstreamCall } from './attempt.ts';
import { Silence } from './silence.ts';

export interface UpstreamAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Fields behind the body, where there may be some: empty until it has ended. */
  readonly trailers?: IncomingHttpHeaders;
  /** From now on the body may be silent for so many milliseconds, and not for longer: it breaks as `upstream_stalled`. */
  limitSilence?(ms: number): void;
}

/**
 * One request to one target. No retry, no redirect.
 * @throws what undici throws, or the signal's reason: see `failure.ts` for what it means
 */
export function callUpstream(call: UpstreamCall): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    new Attempt(call, new StreamedAnswer(resolve, reject)).start();
  });
}

/** An answer as a promise of its head, and its body as a stream. */
export class StreamedAnswer implements AnswerReceiver {
  readonly #resolve: (answer: UpstreamAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly onInterim: AnswerReceiver['onInterim'];
  #body: AnswerBody | undefined;
  readonly #trailers: IncomingHttpHeaders = {};

  /** @param onInterim who waits for a promise can't be told before it: whoever wants to hear says so here */
  constructor(
    resolve: (answer: UpstreamAnswer) => void,
    reject: (error: Error) => void,
    onInterim: AnswerReceiver['onInterim'] = () => undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.onInterim = onInterim;
  }

  onHead(statusCode: number, headers: IncomingHttpHeaders, flow: AnswerFlow): void {
    const body = new AnswerBody(flow);
    this.#body = body;
    const limitSilence = (ms: number): void => body.limitSilence(ms);
    this.#resolve({ statusCode, headers, body, trailers: this.#trailers, limitSilence });
  }

  onData(chunk: Buffer): void {
    this.#body?.arrive(chunk);
  }

  onEnd(trailers: IncomingHttpHeaders): void {
    Object.assign(this.#trailers, trailers);
    this.#body?.arrived();
  }

  onFailure(error: Error): void {
    if (this.#body) this.#body.destroy(error);
    else this.#reject(error);
  }
}

/** Destroyed before its end it ends the call, and emits an error, so that nobody waits for an end that won't come. */
class AnswerBody extends Readable {
  readonly #flow: AnswerFlow;
  #silence: Silence | undefined;
  #hasArrived = false;

  constructor(flow: AnswerFlow) {
    super();
    this.#flow = flow;
  }

  limitSilence(ms: number): void {
    if (this.destroyed || this.#hasArrived) return;
    this.#silence = new Silence(ms, () => this.destroy(new GatewayError('upstream_stalled')));
  }

  arrive(chunk: Buffer): void {
    this.#silence?.begin();
    if (this.push(chunk)) return;
    this.#silence?.pause();
    this.#flow.pause();
  }

  /** All of it. */
  arrived(): void {
    this.#hasArrived = true;
    this.#silence?.close();
    this.push(null);
  }

  override _read(): void {
    if (!this.#hasArrived) this.#silence?.begin();
    this.#flow.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#silence?.close();
    if (this.readableEnded) {
      done(error);
      return;
    }
    const why = error ?? new Error('the answer was not wanted any more');
    // Of a call that has failed by itself nothing is left that this could end.
    this.#flow.abort(why);
    done(why);
  }
}
