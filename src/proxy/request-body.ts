import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { LOOK_EVERY_MS, lookForReset } from './unread-socket.ts';

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
 * A body on its way, read when somebody begins to. Who reads it may let go of it before its end: an upstream may answer
 * first, and then undici destroys what it was sending. That must not be the request: of its connection nothing more would
 * be read, and the next request on it would never be answered. So the rest is read away, also where nobody has begun.
 */
class StreamedBody extends Readable {
  readonly #request: IncomingMessage;
  /** Bytes that may still come. */
  #left: number;
  #isReading = false;

  constructor(request: IncomingMessage, exchange: Pick<LiveExchange, 'atEnd'>, limit: number) {
    super();
    this.#request = request;
    this.#left = limit;
    // Whoever reads it hears of it too. Where nobody does (a policy has answered without it), nobody has to; without this
    // it would end the process.
    this.on('error', () => undefined);
    request.once('error', (cause) => this.#breakOff(cause));
    request.once('close', () => {
      if (!request.complete) this.#breakOff('the client broke off its request');
    });
    exchange.atEnd(() => {
      if (!request.complete) this.destroy(new Error('the request is answered'));
    });
  }

  override _read(): void {
    if (!this.#isReading) {
      this.#isReading = true;
      this.#request.on('data', (chunk: Buffer) => this.#onData(chunk)).once('end', () => this.push(null));
    }
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#request.resume();
    done(error);
  }

  #onData(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#left -= chunk.length;
    if (this.#left < 0) this.destroy(new GatewayError('body_too_large'));
    else if (!this.push(chunk)) this.#request.pause();
  }

  #breakOff(cause: Error | string): void {
    this.destroy(new GatewayError('client_cancelled', { cause }));
  }
}

/** A body as an upstream gets it: one whose length nobody declared is counted on its way, a declared one is held to it by the HTTP parser. */
export function streamedBody(
  request: IncomingMessage,
  exchange: Pick<LiveExchange, 'atEnd'>,
  limit: number,
): Readable {
  const isDeclared = request.headers['content-length'] !== undefined;
  return new StreamedBody(request, exchange, isDeclared ? Number.POSITIVE_INFINITY : limit);
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

/** Notices that a client has reset its connection while nobody reads its upload. */
export function watchUpload(request: IncomingMessage): void {
  const { socket } = request;
  // Of one that is gone nobody would hear that it is. A connection of HTTP/2 is read, whatever its streams wait for.
  if (request.destroyed || request.httpVersionMajor > 1) return;
  const timer = setInterval(() => {
    if (request.isPaused()) lookForReset(socket);
  }, LOOK_EVERY_MS);
  timer.unref();
  request.once('close', () => clearInterval(timer));
}
