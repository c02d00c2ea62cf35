import type { JsonObject } from '../contracts/model-request.ts';
import { parseObject } from '../lib/json.ts';
import { openEventFraming } from './event-framing.ts';

/** What an event ends with: the end of a line, and an empty line (WHATWG HTML, section 9.2.5). */
const ENDS = ['\n\n', '\r\r', '\n\r\n'].map((end) => Buffer.from(end));

/**
 * Keeps events from a client that the gateway asked for and the client did not. Bytes are searched only once such an
 * event has been read, so that all others go on at no cost, and from their end on: there it stands.
 */
export class WithheldEvents {
  readonly #isExtra: (event: JsonObject) => boolean;
  #seen = 0;
  #due = 0;

  /** @param isExtra whether an event is one of them */
  constructor(isExtra: (event: JsonObject) => boolean) {
    this.#isExtra = isExtra;
  }

  /** An event has been read; its bytes may still have to pass. @returns whether it is one of them */
  saw(event: JsonObject): boolean {
    if (!this.#isExtra(event)) return false;
    this.#seen++;
    this.#due++;
    return true;
  }

  /** @param bytes whole events that go on now */
  pass(bytes: Buffer): Buffer {
    if (this.#due === 0 || bytes.length === 0) return bytes;
    const others = this.#others(bytes, this.#due);
    this.#due -= others.left;
    return others.bytes;
  }

  /** @param bytes all that was read, as whole events */
  without(bytes: Buffer): Buffer {
    return this.#others(bytes, this.#seen).bytes;
  }

  /** @param most so many are left out, and no more are looked for */
  #others(bytes: Buffer, most: number): { bytes: Buffer; left: number } {
    const others: Buffer[] = [];
    let left = 0;
    let end = bytes.length;
    for (let at = end; at > 0 && left < most; ) {
      const start = startOf(bytes, at);
      if (this.#isWithheld(bytes.subarray(start, at))) {
        others.unshift(bytes.subarray(at, end));
        end = start;
        left++;
      }
      at = start;
    }
    if (left === 0) return { bytes, left };
    others.unshift(bytes.subarray(0, end));
    return { bytes: Buffer.concat(others), left };
  }

  #isWithheld(bytes: Buffer): boolean {
    let isExtra = false;
    const framing = openEventFraming(
      ({ data }) => {
        const event = parseObject(data);
        isExtra = event !== undefined && this.#isExtra(event);
      },
      () => undefined,
    );
    framing.feed(bytes);
    framing.end();
    return isExtra;
  }
}

/** Where the event begins that ends there: behind the end of the one before. */
function startOf(bytes: Buffer, end: number): number {
  const behind = ENDS.map((mark) => {
    const last = end - 1 - mark.length;
    // A negative place would be one from the end.
    const found = last < 0 ? -1 : bytes.lastIndexOf(mark, last);
    return found < 0 ? 0 : found + mark.length;
  });
  return Math.max(...behind);
}
