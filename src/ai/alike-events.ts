import type { StreamPart } from '../contracts/stream-part.ts';

type TextPart = Extract<StreamPart, { type: 'text' }>;

/** Templates that are tried in a row without one that fits: a stream whose events never do is not asked for ever. */
const MOST_TRIES = 8;
/** OpenAI's padding against guessing by length: random, the last field, and read by nobody. */
const PADDING = ',"obfuscation":"';

/**
 * Most events of a stream differ from the one before in their text alone. Such a one says what that one said, with another
 * text, and need not be parsed: the same bytes stand before the text and behind it, and nothing in it could end a string.
 */
export class AlikeEvents {
  #event = '';
  #before = '';
  #behind = '';
  #isPadded = false;
  #part: TextPart | undefined;
  #tries = 0;

  /** What an event says that is like the one that was learnt; undefined: it has to be read. */
  read(event: string, data: string): TextPart | undefined {
    const part = this.#part;
    if (part === undefined || event !== this.#event) return undefined;
    const end = endOf(data);
    if (end < data.length !== this.#isPadded) return undefined;
    const from = this.#before.length;
    const to = end - this.#behind.length;
    // No text is no part.
    if (to <= from || !data.startsWith(this.#before) || !data.startsWith(this.#behind, to)) return undefined;
    for (let at = from; at < to; at++) if (isSpecial(data.charCodeAt(at))) return undefined;
    this.#tries = 0;
    return { ...part, text: data.slice(from, to) };
  }

  /** Another event is read: what it changes may change what is said by those that come. */
  forget(): void {
    this.#part = undefined;
  }

  /** @param part all that the event was read as */
  learn(event: string, data: string, part: TextPart): void {
    if (this.#tries >= MOST_TRIES) return;
    this.#tries++;
    this.forget();
    // Without escapes each string stands there as it is; where its token stands but once, that is where it came from.
    if (part.text === '' || data.includes('\\')) return;
    const token = `"${part.text}"`;
    const end = endOf(data);
    const at = data.indexOf(token);
    if (at < 0 || at + token.length > end || data.indexOf(token, at + 1) >= 0) return;
    this.#event = event;
    this.#before = data.slice(0, at + 1);
    this.#behind = data.slice(at + token.length - 1, end);
    this.#isPadded = end < data.length;
    this.#part = part;
  }
}

/** Where what counts of an event ends: before its padding. */
function endOf(data: string): number {
  const at = data.lastIndexOf(PADDING);
  if (at < 0) return data.length;
  const from = at + PADDING.length;
  const to = data.length - 2;
  if (to < from || !data.endsWith('"}')) return data.length;
  for (let each = from; each < to; each++) if (isSpecial(data.charCodeAt(each))) return data.length;
  return at;
}

/** What can't stand in a JSON string as it is: a quote, a backslash, a control character (RFC 8259, section 7). */
const isSpecial = (code: number): boolean => code < 0x20 || code === 0x22 || code === 0x5c;
