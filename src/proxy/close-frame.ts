const CLOSE = 0x88;
/** Of a control frame from a server: two bytes of head and at most 125 of payload (RFC 6455 section 5.5). */
const LONGEST = 127;

/**
 * Whether what a WebSocket server sent last ends with a Close frame, which is how it says goodbye. Looked for from the
 * end, so that nothing before it has to be parsed; in the tail of other data it takes a coincidence of two bytes.
 */
export function endsWithClose(last: Buffer | undefined): boolean {
  if (last === undefined) return false;
  for (let i = last.length - 2; i >= 0 && last.length - i <= LONGEST; i--) {
    if (last[i] === CLOSE && last[i + 1] === last.length - i - 2) return true;
  }
  return false;
}
