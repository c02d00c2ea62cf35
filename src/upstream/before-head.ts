import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerReceiver, Attempt } from './attempt.ts';

/** Receives for an attempt up to its head, with which it hands the attempt to another receiver. */
export abstract class BeforeHead implements AnswerReceiver {
  abstract onInterim(status: number, headers: IncomingHttpHeaders): void;
  abstract onHead(status: number, headers: IncomingHttpHeaders, attempt: Attempt): void;
  abstract onFailure(error: Error, attempt?: Attempt): void;

  onData(): void {
    // Comes behind the head, so to another.
  }

  onEnd(): void {
    // Likewise.
  }
}
