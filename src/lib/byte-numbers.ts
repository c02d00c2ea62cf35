/** As many bytes as a number in JavaScript has room for. */
const MOST_BYTES = 6;

/** A number, of which the last bytes count; beyond the end of the file all is 0. */
export function big(bytes: Buffer, at: number, size: number): number {
  const read = Math.min(size, MOST_BYTES);
  const from = at + size - read;
  return read > 0 && from + read <= bytes.length ? bytes.readUIntBE(from, read) : 0;
}

export const little = (bytes: Buffer, at: number, size: number): number =>
  at + size <= bytes.length ? bytes.readUIntLE(at, size) : 0;

/** Without making a text of it: it is asked for each frame. */
export function isAt(bytes: Buffer, at: number, mark: string): boolean {
  for (let i = 0; i < mark.length; i++) if (bytes[at + i] !== mark.charCodeAt(i)) return false;
  return true;
}
