import type { ServerResponse } from 'node:http';

/** Bytes of a chunk up to which it costs less to copy it than to write it in pieces. */
const SHORT = 16 * 1024;
const [CR, LF] = [0x0d, 0x0a];

/**
 * Writes a chunk of an answer whose head has been written, as `response.write` does. Of a chunked one Node hands the length, the
 * bytes and two line ends to the kernel in four pieces, and makes a buffer of each text among them: that takes nearly twice as
 * long as one piece (RFC 9112 section 7.1). The last chunk, and trailers, `response.end` writes.
 */
export function writeChunk(response: ServerResponse, bytes: Buffer | string): boolean {
  const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  // HTTP/1.0 and HTTP/2 have no chunks.
  if (!response.chunkedEncoding || chunk.length === 0 || chunk.length > SHORT) return response.write(chunk);
  const length = chunk.length.toString(16);
  const start = length.length + 2;
  const end = start + chunk.length;
  const framed = Buffer.allocUnsafe(end + 2);
  framed.write(length, 0, 'latin1');
  framed[start - 2] = CR;
  framed[start - 1] = LF;
  chunk.copy(framed, start);
  framed[end] = CR;
  framed[end + 1] = LF;
  response.chunkedEncoding = false;
  const hasRoom = response.write(framed);
  response.chunkedEncoding = true;
  return hasRoom;
}
