import { endOfLastEvent } from '../lib/event-boundary.ts';

/** Bytes of an event that is not complete yet. A longer one goes on as it comes. */
const LARGEST_EVENT = 1024 * 1024;
/** The empty line that ends an event can begin this many bytes before a chunk. */
const LONGEST_EDGE = 3;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Lets only whole events through: an upstream that dies in the middle of one leaves nothing half said, and what follows
 * can be an error event that the client understands. Each byte is looked at once and copied at most once.
 */
export class EventGate {
  /** What went through last ended inside an event, one too large to be held. */
  isInside = false;
  #held: Buffer[] = [];
  #bytes = 0;
  #edge = NOTHING;

  /** @returns what may go on now, maybe nothing */
  pass(chunk: Buffer): Buffer {
    let end = endOfLastEvent(chunk);
    if (end === 0 && this.#edge.length > 0) end = this.#endOnEdge(chunk);
    if (end === chunk.length && this.#bytes === 0) {
      this.isInside = false;
      this.#edge = NOTHING;
      return chunk;
    }
    const goesOnAsItComes = end === 0 && (this.isInside || this.#bytes + chunk.length > LARGEST_EVENT);
    const passed = goesOnAsItComes ? chunk.length : end;
    this.#remember(chunk, end);
    if (passed === 0) {
      this.#hold(chunk);
      return NOTHING;
    }
    const bytes = this.#release(chunk.subarray(0, passed));
    if (passed < chunk.length) this.#hold(chunk.subarray(passed));
    this.isInside = goesOnAsItComes;
    return bytes;
  }

  /** What is left when nothing comes any more: the beginning of an event, or nothing. */
  rest(): Buffer {
    return this.#release(NOTHING);
  }

  #endOnEdge(chunk: Buffer): number {
    const around = Buffer.concat([this.#edge, chunk.subarray(0, LONGEST_EDGE)]);
    return Math.max(0, endOfLastEvent(around) - this.#edge.length);
  }

  #remember(chunk: Buffer, end: number): void {
    const open = chunk.subarray(end);
    const before = end === 0 ? this.#edge : NOTHING;
    if (open.length >= LONGEST_EDGE) this.#edge = open.subarray(-LONGEST_EDGE);
    else this.#edge = Buffer.concat([before, open]).subarray(-LONGEST_EDGE);
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#bytes += bytes.length;
  }

  #release(last: Buffer): Buffer {
    const bytes = this.#bytes === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#bytes = 0;
    return bytes;
  }
}
