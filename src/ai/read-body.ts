import type { Readable } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';

/** Bytes of an answer that isn't streamed: it is held until it is whole. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** By its events: an iterator over it costs more than all that is read. */
export function readBody(stream: Readable, onFirstByte: () => void): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // It may have failed before anybody could listen.
  if (stream.errored) reject(stream.errored);
  stream.once('error', reject);
  stream.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  stream.on('data', (chunk: Buffer) => {
    if (bytes === 0) onFirstByte();
    bytes += chunk.length;
    if (bytes <= LARGEST_ANSWER) chunks.push(chunk);
    else {
      chunks.length = 0;
      stream.destroy(new GatewayError('upstream_too_large'));
    }
  });
  return promise;
}
