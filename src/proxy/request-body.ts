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
  // Whoever reads it hears of it too. Where nobody does (a policy has answered without it), nobody has to; without this
  // it would end the process.
  counted.on('error', () => undefined);
  const breakOff = (cause?: Error): void => {
    counted.destroy(
      new GatewayError('client_cancelled', { cause: cause ?? 'the client broke off its request' }),
    );
  };
  request.once('error', breakOff);
  request.once('close', () => {
    if (!request.complete) breakOff();
  });
  return request.pipe(counted);
}

const COLLECTED = Symbol('hypercare.body');

interface Collecting extends IncomingMessage {
  [COLLECTED]?: Buffer;
}

/** Bytes of a declared body up to which it is sent in one piece: one write instead of a stream's machinery. */
const SMALL_BODY = 64 * 1024;

/** Whether a body is so small that it is read whole before it goes on. */
export function isSmall(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return length !== undefined && Number(length) <= SMALL_BODY;
}

/** A body that was read whole, if it was. */
export const collectedBody = (request: IncomingMessage): Buffer | undefined =>
  (request as Collecting)[COLLECTED];

/** Reads a small body. If the client breaks off before its end, `done` is never called. */
export function collectBody(request: IncomingMessage, done: () => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    (request as Collecting)[COLLECTED] = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    done();
  });
}

/** Milliseconds between two looks at a client whose upload waits for its upstream. */
const LOOK_EVERY_MS = 200;

/**
 * Notices that a client has reset its connection while nobody reads its upload. A socket that is not read does not tell;
 * one that nothing is written to does. (A client that closes in good order is known only once all that it sent is read:
 * its end stands behind it.)
 */
export function watchUpload(request: IncomingMessage): void {
  const { socket } = request;
  if (request.httpVersionMajor > 1 || 'encrypted' in socket) return;
  const timer = setInterval(() => {
    if (request.isPaused() && socket.writableLength === 0) socket.write('');
  }, LOOK_EVERY_MS);
  timer.unref();
  request.once('close', () => clearInterval(timer));
}
