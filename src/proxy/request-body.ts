import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';

/** Whether a request has a body (RFC 9112 section 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Whether a declared length is over the limit: known before a byte of the body has come. */
export function declaresTooMuch(request: IncomingMessage, limit: number): boolean {
  const length = request.headers['content-length'];
  return length !== undefined && Number(length) > limit;
}

/**
 * A body whose length nobody declared, counted on its way. A declared one is held to its length by the HTTP parser and
 * goes as it is, without a stream in between.
 */
export function limitedBody(request: IncomingMessage, limit: number): IncomingMessage | Transform {
  if (request.headers['content-length'] !== undefined) return request;
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limit) done(new GatewayError('body_too_large'));
      else done(null, chunk);
    },
  });
  request.once('error', (error) => counted.destroy(error));
  request.once('close', () => {
    if (!request.complete) counted.destroy(new Error('the client broke off its request'));
  });
  return request.pipe(counted);
}
