import type { Dialect } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';

/** Writes a stream down as it goes by, up to a bound: one that is longer is not kept. */
export class AnswerTape {
  readonly #parts: StreamPart[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #most: number;
  readonly #mark: NonNullable<Dialect['mark']>;
  #bytes = 0;

  /**
   * @param most bytes of it that are held
   * @param mark of its dialect
   */
  constructor(most: number, mark: Dialect['mark'] = (bytes) => bytes) {
    this.#most = most;
    this.#mark = mark;
  }

  bytes(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#isFull) this.#chunks.length = 0;
    else this.#chunks.push(chunk);
  }

  part(part: StreamPart): void {
    if (this.#isFull) this.#parts.length = 0;
    else this.#parts.push(part);
  }

  /** All of it; undefined if it was longer. */
  get answer(): { parts: readonly StreamPart[]; bytes: Buffer } | undefined {
    return this.#isFull ? undefined : { parts: this.#parts, bytes: this.#mark(Buffer.concat(this.#chunks)) };
  }

  get #isFull(): boolean {
    return this.#bytes > this.#most;
  }
}
