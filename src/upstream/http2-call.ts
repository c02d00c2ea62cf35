import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders as Http2Headers,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } = constants;

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/**
 * One request on a stream of its own, told in undici's terms. Node's stream is the truth about flow and ends; what undici
 * 7.30 makes of it loses data that is paused when trailers come, holds up a request behind a streaming one and fails all
 * when one connection is told to go.
 */
export class Http2Call implements Dispatcher.DispatchController {
  readonly rawHeaders = null;
  readonly rawTrailers = null;
  reason: Error | null = null;
  aborted = false;
  paused = false;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #onLate: () => void;
  #stream: ClientHttp2Stream | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #hasHead = false;
  #isOver = false;
  #trailers: Http2Headers = {};

  /** @param onLate an answer did not begin in time: its connection may be dead */
  constructor(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, onLate: () => void) {
    this.#options = options;
    this.#handler = handler;
    this.#onLate = onLate;
  }

  /** Sends the request. @returns its stream; undefined if it was given up meanwhile */
  start(session: ClientHttp2Session, scheme: string): ClientHttp2Stream | undefined {
    this.#handler.onRequestStart?.(this, null);
    if (this.#isOver) return undefined;
    const body = this.#options.body as Buffer | Readable | null;
    const stream = session.request(outgoing(this.#options, scheme), { endStream: body === null });
    this.#stream = stream;
    stream
      .on('headers', (headers) =>
        this.#handler.onResponseStart?.(this, statusOf(headers), messageOf(headers)),
      )
      .on('response', (headers, flags) => this.#onHead(headers, flags))
      .on('data', (chunk: Buffer) => this.#handler.onResponseData?.(this, chunk))
      .on('trailers', (trailers) => {
        this.#trailers = trailers;
      })
      .on('end', () => this.#onEnd())
      .on('timeout', () => this.abort(failure('UND_ERR_BODY_TIMEOUT', 'the answer fell silent')))
      .on('error', (error) => this.fail(error))
      .on('close', () =>
        this.fail(failure('UND_ERR_SOCKET', `the stream was closed with code ${stream.rstCode}`)),
      );
    if (body instanceof Readable) {
      body.once('error', (error) => this.abort(error));
      body.pipe(stream);
    } else if (body !== null) {
      stream.end(body);
    }
    if (stream.writableFinished || body === null) this.#awaitHead();
    else stream.once('finish', () => this.#awaitHead());
    return stream;
  }

  /** It came to nothing. Nothing is told twice. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#settle();
    this.#handler.onResponseError?.(this, error);
  }

  abort(reason: Error): void {
    if (this.#isOver) return;
    this.aborted = true;
    this.reason = reason;
    this.#stream?.close(NGHTTP2_CANCEL);
    this.fail(reason);
  }

  pause(): void {
    this.paused = true;
    // A reader that is slow is no silence of the upstream's.
    this.#stream?.setTimeout(0);
    this.#stream?.pause();
  }

  resume(): void {
    this.paused = false;
    if (this.#hasHead && !this.#isOver) this.#stream?.setTimeout(this.#options.bodyTimeout ?? 0);
    this.#stream?.resume();
  }

  #awaitHead(): void {
    if (this.#hasHead || this.#isOver || !this.#options.headersTimeout) return;
    this.#headTimer = setTimeout(() => {
      this.#onLate();
      this.abort(failure('UND_ERR_HEADERS_TIMEOUT', 'no answer in time'));
    }, this.#options.headersTimeout);
  }

  #onHead(headers: Http2Headers, flags: number): void {
    clearTimeout(this.#headTimer);
    this.#hasHead = true;
    this.#stream?.setTimeout(this.#options.bodyTimeout ?? 0);
    const message = messageOf(headers);
    // A gRPC answer that is nothing but its end: what it says belongs behind a head (gRPC over HTTP/2, Trailers-Only).
    if ((flags & NGHTTP2_FLAG_END_STREAM) !== 0 && message['grpc-status'] !== undefined) {
      for (const name in message) {
        if (GRPC_HEAD.has(name)) continue;
        this.#trailers[name] = message[name];
        delete message[name];
      }
    }
    this.#handler.onResponseStart?.(this, statusOf(headers), message);
  }

  #onEnd(): void {
    if (this.#isOver) return;
    const stream = this.#stream as ClientHttp2Stream;
    // Node ends what is read of a stream that was reset, too.
    if (stream.rstCode !== NGHTTP2_NO_ERROR || !this.#hasHead) {
      this.fail(failure('UND_ERR_SOCKET', `the stream was reset with code ${stream.rstCode}`));
      return;
    }
    this.#settle();
    // Nobody waits for the rest of a request that is answered.
    if (!stream.writableEnded) stream.close(NGHTTP2_NO_ERROR);
    this.#handler.onResponseEnd?.(this, messageOf(this.#trailers));
  }

  #settle(): void {
    this.#isOver = true;
    clearTimeout(this.#headTimer);
    const { body } = this.#options;
    if (body instanceof Readable && this.#stream) body.unpipe(this.#stream);
    this.#stream?.setTimeout(0);
  }
}

const GRPC_HEAD: ReadonlySet<string> = new Set(['content-type', 'content-length', 'date', 'server']);

const statusOf = (headers: Http2Headers): number => Number(headers[':status'] ?? 0);

/** Without what belongs to the stream. */
function messageOf(headers: Http2Headers): Record<string, string | string[]> {
  const message: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (name.charCodeAt(0) !== 0x3a && value !== undefined) message[name] = value;
  }
  return message;
}

function outgoing(
  { method, path, headers }: Dispatcher.DispatchOptions,
  scheme: string,
): OutgoingHttpHeaders {
  const { host, ...rest } = headers as Record<string, string | string[]>;
  return {
    ':method': method,
    ':scheme': scheme,
    ':authority': host,
    ':path': path,
    ...rest,
    // What follows a body is passed on; gRPC servers ask for the word.
    te: 'trailers',
  };
}
