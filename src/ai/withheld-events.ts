import type { JsonObject } from '../contracts/model-request.ts';
import { parseObject } from '../lib/json.ts';
import { openEventFraming } from './event-framing.ts';

/** Behind the empty line that ends an event (WHATWG HTML, section 9.2.5); in Latin-1, where a character is a byte. */
const ENDS_OF_EVENTS = /(?<=\n\n|\r\r|\n\r\n)/;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Keeps events from a client that the gateway asked for and the client did not. Bytes are searched only once such an
 * event has been read, so that all others go on at no cost.
 */
export class WithheldEvents {
  readonly #isExtra: (event: JsonObject) => boolean;
  #due = 0;

  /** @param isExtra whether an event is one of them */
  constructor(isExtra: (event: JsonObject) => boolean) {
    this.#isExtra = isExtra;
  }

  /** An event has been read; its bytes may still have to pass. */
  saw(event: JsonObject): void {
    if (this.#isExtra(event)) this.#due++;
  }

  /** @param bytes whole events that go on now */
  pass(bytes: Buffer): Buffer {
    return this.#due === 0 || bytes.length === 0 ? bytes : this.without(bytes);
  }

  /** @param bytes whole events */
  without(bytes: Buffer): Buffer {
    const events = bytes.toString('latin1').split(ENDS_OF_EVENTS);
    const others = events.filter((event) => !this.#isWithheld(Buffer.from(event, 'latin1')));
    if (others.length === events.length) return bytes;
    this.#due -= events.length - others.length;
    return others.length === 0 ? NOTHING : Buffer.from(others.join(''), 'latin1');
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
