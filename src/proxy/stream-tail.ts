import type { HeaderBag } from '../contracts/policy.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Whether an answer is a stream of events that somebody can add one to: its end is not said beforehand, it is not packed. */
export const isOpenEventStream = (headers: HeaderBag): boolean =>
  String(headers['content-type'] ?? '').startsWith('text/event-stream') &&
  headers['content-length'] === undefined &&
  headers['content-encoding'] === undefined;

/**
 * Whether a stream of events that goes by as bytes stands between two of them, where one of the gateway's own can follow;
 * inside of one it would become part of it. Events end with an empty line (WHATWG HTML, section 9.2.5).
 */
export class StreamTail {
  #last = LF;
  #beforeLast = LF;
  #third = LF;

  see(chunk: Buffer): void {
    for (let i = Math.max(0, chunk.length - 3); i < chunk.length; i++) {
      this.#third = this.#beforeLast;
      this.#beforeLast = this.#last;
      this.#last = chunk[i] as number;
    }
  }

  get isBetweenEvents(): boolean {
    if (this.#last === CR) return this.#beforeLast === CR;
    if (this.#last !== LF) return false;
    return this.#beforeLast === LF || (this.#beforeLast === CR && this.#third === LF);
  }
}
