import type { DestinationStream } from 'pino';

/**
 * Lines that wait to go out together. Joined here and not by sonic-boom, which measures all that waits anew with every
 * line: over a buffer's fill that is a square.
 */
export class LineBuffer implements DestinationStream {
  readonly #to: DestinationStream;
  readonly #size: number;
  #waiting = '';

  /** @param size characters from which on they go out */
  constructor(to: DestinationStream, size: number) {
    this.#to = to;
    this.#size = size;
  }

  /** @param lines each with its newline */
  write(lines: string): void {
    this.#waiting += lines;
    if (this.#waiting.length >= this.#size) this.flush();
  }

  flush(): void {
    if (this.#waiting === '') return;
    const lines = this.#waiting;
    this.#waiting = '';
    this.#to.write(lines);
  }
}
