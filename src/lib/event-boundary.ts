const LF = 0x0a;
const CR = 0x0d;

/**
 * Where the last complete event of a piece of an event stream ends (exclusive): behind the last empty line. 0 if no
 * event is complete. Lines end with LF, CR LF or CR (WHATWG HTML, section 9.2.5).
 */
export function endOfLastEvent(bytes: Buffer): number {
  for (let i = bytes.length - 1; i > 0; i--) {
    const code = bytes[i];
    if (code === LF) {
      if (bytes[i - 1] === LF) return i + 1;
      if (bytes[i - 1] === CR && bytes[i - 2] === LF) return i + 1;
    } else if (code === CR && bytes[i - 1] === CR) {
      return i + 1;
    }
  }
  return 0;
}
