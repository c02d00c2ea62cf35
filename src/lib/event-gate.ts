import { endOfLastEvent } from './event-boundary.ts';

/** The empty line that ends an event can begin this many bytes before a chunk. */
const LONGEST_EDGE = 3;
const NOTHING: Buffer = Buffer.alloc(0);
const COLON = 0x3a;
const LF = 0x0a;

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
  readonly #largest: number;

  /** @param largest bytes of an event that is not complete yet; a longer one goes on as it comes */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** @returns what may go on now, maybe nothing */
  pass(chunk: Buffer): Buffer {
    let end = endOfLastEvent(chunk);
    if (end === 0 && this.#edge.length > 0) end = this.#endOnEdge(chunk);
    if (end === chunk.length && this.#bytes === 0) {
      this.isInside = false;
      this.#edge = NOTHING;
      return chunk;
    }
    const goesOnAsItComes = end === 0 && (this.isInside || this.#bytes + chunk.length > this.#largest);
    const isHeld = this.#bytes > 0 && end === 0;
    const passed = goesOnAsItComes || (!isHeld && areComments(chunk, end)) ? chunk.length : end;
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

/**
 * Whether what begins there is whole lines of comment and nothing else. They say nothing to who reads events, and keep
 * the connection alive: they wait for no event's end.
 */
function areComments(bytes: Buffer, from: number): boolean {
  if (bytes[from] !== COLON || bytes[bytes.length - 1] !== LF) return false;
  for (let at = bytes.indexOf(LF, from); at >= 0 && at < bytes.length - 1; at = bytes.indexOf(LF, at + 1))
    if (bytes[at + 1] !== COLON) return false;
  return true;
}
