import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { type AnswerFlow, type AnswerReceiver, Attempt, type UpstreamCall } from './attempt.ts';

export interface UpstreamAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Fields behind the body, where there may be some: empty until it has ended. */
  readonly trailers?: IncomingHttpHeaders;
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
    this.#resolve({ statusCode, headers, body, trailers: this.#trailers });
  }

  onData(chunk: Buffer): void {
    this.#body?.arrive(chunk);
  }

  onEnd(trailers: IncomingHttpHeaders): void {
    Object.assign(this.#trailers, trailers);
    this.#body?.push(null);
  }

  onFailure(error: Error): void {
    if (this.#body) this.#body.destroy(error);
    else this.#reject(error);
  }
}

/** Destroyed before its end it ends the call, and emits an error, so that nobody waits for an end that won't come. */
class AnswerBody extends Readable {
  readonly #flow: AnswerFlow;

  constructor(flow: AnswerFlow) {
    super();
    this.#flow = flow;
  }

  arrive(chunk: Buffer): void {
    if (!this.push(chunk)) this.#flow.pause();
  }

  override _read(): void {
    this.#flow.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
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
