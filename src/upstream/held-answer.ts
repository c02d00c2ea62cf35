import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerReceiver, Attempt } from './attempt.ts';
import { droppedAnswer } from './dropped-answer.ts';

/**
 * Holds an answer at its head while a better one may come. It is paused: of its body no more lies here than was read
 * with the head.
 */
export class HeldAnswer implements AnswerReceiver {
  readonly attempt: Attempt;
  readonly status: number;
  readonly #headers: IncomingHttpHeaders;
  readonly #onLoss: () => void;
  readonly #chunks: Buffer[] = [];
  #trailers: IncomingHttpHeaders | undefined;

  /** @param onLoss it broke off meanwhile: it can't be given any more */
  constructor(attempt: Attempt, status: number, headers: IncomingHttpHeaders, onLoss: () => void) {
    this.attempt = attempt;
    this.status = status;
    this.#headers = headers;
    this.#onLoss = onLoss;
    attempt.receiver = this;
    attempt.pause();
  }

  onInterim(): void {
    // Comes before the head.
  }

  onHead(): void {
    // Has come.
  }

  onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onEnd(trailers: IncomingHttpHeaders): void {
    this.#trailers = trailers;
  }

  onFailure(): void {
    this.#onLoss();
  }

  /** Gives all of it to whom it is for. */
  giveTo(receiver: AnswerReceiver): void {
    const { attempt } = this;
    attempt.receiver = receiver;
    receiver.onHead(this.status, this.#headers, attempt);
    // The receiver may have handed it to another at the head.
    for (const chunk of this.#chunks) attempt.receiver.onData(chunk);
    if (this.#trailers) attempt.receiver.onEnd(this.#trailers);
    else this.#resume();
  }

  drop(): void {
    this.attempt.receiver = droppedAnswer(this.attempt);
    this.#resume();
  }

  /** Not in the middle of what the other one's connection brings: undici parses one at a time. */
  #resume(): void {
    process.nextTick(() => this.attempt.resume());
  }
}
