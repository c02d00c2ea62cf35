const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;
const ZERO = 0x30;
const SMALL_A = 0x61;
const SMALL_U = 0x75;
/** What makes an ASCII letter a small one. */
const SMALL = 0x20;
/** Bytes without an escape from which on it is faster to look for the next one and copy what is before it. */
const LONG_RUN = 64;
/** Behind `\u`. */
const DIGITS = 4;

/**
 * A JSON's bytes with its letters spelled out, so that a word is found however it was written: letters, `_` and `/` may be escaped,
 * which nobody has to, PHP does with `/`, and whoever hides a word may. The same bytes where there is nothing to spell out, which is
 * found out without reading any as a value. One pass, as a body may be escapes from end to end.
 */
export function spelledOut(json: Buffer): Buffer {
  if (!json.includes('\\u00') && !json.includes('\\/')) return json;
  const plain = Buffer.allocUnsafe(json.length);
  let length = 0;
  let run = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (byte !== BACKSLASH || at + 1 === json.length) {
      plain[length++] = byte;
      if (++run < LONG_RUN) continue;
      const next = json.indexOf(BACKSLASH, at + 1);
      const end = next < 0 ? json.length : next;
      length += json.copy(plain, length, at + 1, end);
      at = end - 1;
      run = 0;
      continue;
    }
    run = 0;
    const escaped = json[++at] as number;
    const letter = escaped === SMALL_U ? letterAt(json, at + 1) : 0;
    if (letter !== 0) {
      plain[length++] = letter;
      at += DIGITS;
    } else {
      if (escaped !== SLASH) plain[length++] = BACKSLASH;
      // A backslash that is escaped begins nothing.
      plain[length++] = escaped;
    }
  }
  return plain.subarray(0, length);
}

/** What four digits stand for if that is a letter, `_` or `/`; else 0. */
function letterAt(json: Buffer, at: number): number {
  if (at + DIGITS > json.length || json[at] !== ZERO || json[at + 1] !== ZERO) return 0;
  const code = 16 * digit(json[at + 2] as number) + digit(json[at + 3] as number);
  const small = code | SMALL;
  const isLetter = code < 0x80 && small >= SMALL_A && small < SMALL_A + 26;
  return isLetter || code === SLASH || code === UNDERSCORE ? code : 0;
}

/** What a hexadecimal digit counts; not a number: it is none. */
function digit(byte: number): number {
  if (byte >= ZERO && byte < ZERO + 10) return byte - ZERO;
  const small = byte | SMALL;
  return small >= SMALL_A && small < SMALL_A + 6 ? small - SMALL_A + 10 : Number.NaN;
}
