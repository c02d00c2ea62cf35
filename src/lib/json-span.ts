const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Where a value stands: from `start` to before `end`, in bytes. */
export interface Span {
  start: number;
  end: number;
}

/** The end (exclusive) of the string whose opening quote is at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  let from = at + 1;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote < 0) return bytes.length;
    let backslashes = 0;
    for (let i = quote - 1; i > at && bytes[i] === BACKSLASH; i--) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

/** White space between values. */
export const isSpace = (code: number | undefined): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * Finds the values of a key at the top level of a JSON object, in its bytes, so that a string can be exchanged and every
 * other byte stays what the client sent. All of them: a key that stands twice is read differently by different parsers,
 * and the caller can refuse it. Of a value that is no string the span is empty and says only where it begins.
 *
 * @param bytes valid JSON (it has been parsed before)
 * @param key ASCII
 */
export function topLevelValues(bytes: Buffer, key: string): Span[] {
  const spans: Span[] = [];
  let depth = 0;
  let i = 0;
  while (i < bytes.length) {
    const code = bytes[i] as number;
    if (code === QUOTE) {
      const end = stringEnd(bytes, i);
      if (depth === 1) {
        let after = end;
        while (isSpace(bytes[after])) after++;
        if (bytes[after] === COLON && nameIs(bytes, i, end, key)) {
          after++;
          while (isSpace(bytes[after])) after++;
          const valueEnd = bytes[after] === QUOTE ? stringEnd(bytes, after) : after;
          spans.push({ start: after, end: valueEnd });
          i = valueEnd;
          continue;
        }
      }
      i = end;
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    i++;
  }
  return spans;
}

/** A name may be written with escapes: `"mod\u0065l"` is the key `model` to every parser. */
function nameIs(bytes: Buffer, start: number, end: number, key: string): boolean {
  const length = end - start - 2;
  // With escapes it is longer.
  if (length < key.length) return false;
  let at = start + 1;
  if (length === key.length) {
    while (at < end - 1 && bytes[at] === key.charCodeAt(at - start - 1)) at++;
    if (at === end - 1) return true;
  }
  while (at < end && bytes[at] !== BACKSLASH) at++;
  return at < end && JSON.parse(bytes.toString('utf8', start, end)) === key;
}

/** The end (exclusive) of the value that begins at `at`, of whatever kind. @param bytes valid JSON */
export function valueEnd(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let i = at; i < bytes.length; ) {
    const code = bytes[i] as number;
    if (code === QUOTE) {
      i = stringEnd(bytes, i);
      if (depth === 0) return i;
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      // Of what surrounds a number, or this value's own.
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code))) return i;
    i++;
  }
  return bytes.length;
}

/** Text that takes the place of a span; of an empty one, it is put in there. */
export interface Insertion extends Span {
  readonly text: string;
}

/** The same bytes with some spans exchanged, which do not overlap. */
export function replaceSpans(bytes: Buffer, insertions: readonly Insertion[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of insertions.toSorted((a, b) => a.start - b.start)) {
    pieces.push(bytes.subarray(from, start), Buffer.from(text));
    from = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}
