import type { StreamPart } from '../contracts/stream-part.ts';

type TextPart = Extract<StreamPart, { type: 'text' }>;

/** Templates that are tried in a row without one that fits: a stream whose events never do is not asked for ever. */
const MOST_TRIES = 8;
/** OpenAI's padding against guessing by length: random, the last field, and read by nobody. */
const PADDING = Buffer.from(',"obfuscation":"');
const BEHIND_PADDING = Buffer.from('"}\n\n');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Most events of a stream differ from the one before in their text alone. Such a one says what that one said, with another
 * text, and need be neither decoded nor parsed: the same bytes stand before the text and behind it, and nothing in it
 * could end a string of JSON.
 */
export class AlikeEvents {
  /** Where the event ends (exclusive) that was read last. */
  end = 0;
  #before: Buffer | undefined;
  /** From the quote behind the text to the event's end, or to its padding. */
  #behind: Buffer = BEHIND_PADDING;
  #isPadded = false;
  #part: TextPart | undefined;
  #tries = 0;

  /** No template has fitted for so long that none is looked for any more. */
  get isOver(): boolean {
    return this.#tries >= MOST_TRIES;
  }

  /** What the event says that begins there, if it is like the one that was learnt; undefined: it has to be read. */
  read(bytes: Buffer, at: number): TextPart | undefined {
    const before = this.#before;
    if (before === undefined || this.#part === undefined || !stands(before, bytes, at)) return undefined;
    const from = at + before.length;
    const to = plainEnd(bytes, from);
    // No text is no part.
    if (to <= from || !stands(this.#behind, bytes, to)) return undefined;
    let end = to + this.#behind.length;
    if (this.#isPadded) {
      const padding = plainEnd(bytes, end);
      if (padding < 0 || !stands(BEHIND_PADDING, bytes, padding)) return undefined;
      end = padding + BEHIND_PADDING.length;
    }
    this.end = end;
    this.#tries = 0;
    return { ...this.#part, text: bytes.toString('utf8', from, to) };
  }

  /** Another event is read: what it changes may change what is said by those that come. */
  forget(): void {
    this.#part = undefined;
  }

  /**
   * @param event with the empty line that ends it
   * @param part all that it was read as
   */
  learn(event: Buffer, part: TextPart): void {
    if (this.isOver) return;
    this.#tries++;
    this.forget();
    // Without escapes each string stands there as it is; where its token stands but once, that is where it came from.
    if (part.text === '' || event.includes(BACKSLASH)) return;
    const token = Buffer.from(`"${part.text}"`);
    const at = event.indexOf(token);
    if (at < 0 || event.includes(token, at + 1)) return;
    const behind = at + token.length - 1;
    const padding = event.indexOf(PADDING, behind);
    this.#isPadded = padding >= 0 && stands(BEHIND_PADDING, event, plainEnd(event, padding + PADDING.length));
    this.#before = Buffer.from(event.subarray(0, at + 1));
    this.#behind = Buffer.from(
      event.subarray(behind, this.#isPadded ? padding + PADDING.length : event.length),
    );
    this.#part = part;
  }
}

function stands(what: Buffer, bytes: Buffer, at: number): boolean {
  const end = at + what.length;
  return at >= 0 && end <= bytes.length && bytes.compare(what, 0, what.length, at, end) === 0;
}

/**
 * The quote that ends the string from there on; below 0: there is none, or what can't stand in a JSON string as it is, a
 * backslash or a control character (RFC 8259, section 7), comes before it.
 */
function plainEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const code = bytes[at] as number;
    if (code === QUOTE) return at;
    if (code < 0x20 || code === BACKSLASH) return -1;
  }
  return -1;
}
