const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * How deep a JSON text is nested and how many members its objects have, in one pass over the bytes and without a value
 * of it made. What it says of bytes that are no JSON means nothing: the parser will refuse them.
 */
export function jsonShape(bytes: Uint8Array): { depth: number; members: number } {
  let depth = 0;
  let level = 0;
  let members = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      i++;
      while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
    } else if (byte === COLON) members++;
    else if (byte === 0x7b || byte === 0x5b) {
      level++;
      if (level > depth) depth = level;
    } else if (byte === 0x7d || byte === 0x5d) level--;
  }
  return { depth, members };
}
