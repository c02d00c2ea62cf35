import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders as Http2Headers,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { UnprocessedError } from './unprocessed.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** Bytes of a body that are kept until its answer begins, in case that it has to be sent once more. */
const MOST_KEPT = 64 * 1024;

/** A connection as a request on it needs it. */
export interface CallConnection {
  readonly session: ClientHttp2Session;
  /** The last stream that its other end has taken, once it has said so (GOAWAY). */
  readonly lastTaken: number | undefined;
}

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
  readonly #again: () => void;
  #connection: CallConnection | undefined;
  #stream: ClientHttp2Stream | undefined;
  /** What of a streamed body has been read; undefined: none is kept. */
  #kept: Buffer[] | undefined;
  #keptBytes = 0;
  #isSecond = false;
  #headTimer: NodeJS.Timeout | undefined;
  #hasHead = false;
  #isOver = false;
  /** Whether what was read ended with the stream's own end. */
  #isWhole: boolean | undefined;
  #trailers: Http2Headers = {};

  /** @param again starts it on another connection: its own goes away, and has not looked at it. Once a call at most. */
  constructor(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, again: () => void) {
    this.#options = options;
    this.#handler = handler;
    this.#again = again;
    if (options.body instanceof Readable) this.#kept = [];
  }

  /** Sends the request. @returns its stream; undefined if it was given up meanwhile */
  start(connection: CallConnection, scheme: string): ClientHttp2Stream | undefined {
    if (!this.#isSecond) this.#handler.onRequestStart?.(this, null);
    if (this.#isOver) return undefined;
    const body = this.#options.body as Buffer | Readable | null;
    const stream = connection.session.request(outgoing(this.#options, scheme), { endStream: body === null });
    this.#connection = connection;
    this.#stream = stream;
    this.#isWhole = undefined;
    this.#watchEnd(stream);
    stream
      .on('headers', (headers) =>
        this.#handler.onResponseStart?.(this, statusOf(headers), messageOf(headers)),
      )
      .on('response', (headers, flags) => this.#onHead(headers, flags))
      .on('data', (chunk: Buffer) => this.#handler.onResponseData?.(this, chunk))
      .on('trailers', (trailers) => {
        this.#trailers = trailers;
      })
      .on('end', () => this.#onEnd(stream))
      .on('timeout', () => this.abort(failure('UND_ERR_BODY_TIMEOUT', 'the answer fell silent')))
      .on('error', (error) => this.#broke(stream, error))
      .on('close', () =>
        this.#broke(stream, failure('UND_ERR_SOCKET', `the stream was closed with code ${stream.rstCode}`)),
      );
    this.#awaitHead(stream);
    stream.once('finish', () => this.#moreTime());
    if (body instanceof Readable) this.#sendStreamed(body, stream);
    else if (body !== null) stream.end(body);
    return stream;
  }

  /**
   * Node ends what is read of a stream also where the other end takes it back without an error (RST_STREAM, NO_ERROR) in the
   * middle of it, and says so nowhere; only there the stream is closed before that end is put in line.
   */
  #watchEnd(stream: ClientHttp2Stream): void {
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null && stream === this.#stream) this.#isWhole ??= !stream.closed;
      return push(chunk, encoding);
    };
  }

  #sendStreamed(body: Readable, stream: ClientHttp2Stream): void {
    body.on('data', () => this.#moreTime());
    if (this.#isSecond) {
      for (const chunk of this.#kept ?? []) stream.write(chunk);
      this.#kept = undefined;
      if (body.readableEnded) stream.end();
      else body.pipe(stream);
      return;
    }
    body.once('error', (error) => this.abort(error));
    body.on('data', (chunk: Buffer) => {
      this.#keptBytes += chunk.length;
      if (this.#keptBytes > MOST_KEPT) this.#kept = undefined;
      else this.#kept?.push(chunk);
    });
    body.pipe(stream);
  }

  /** Its stream has failed. */
  #broke(stream: ClientHttp2Stream, error: Error): void {
    if (this.#isOver || stream !== this.#stream) return;
    const { lastTaken } = this.#connection as CallConnection;
    const isLeft = lastTaken !== undefined && (stream.id ?? Number.POSITIVE_INFINITY) > lastTaken;
    if (this.#hasHead || !(isLeft || stream.rstCode === NGHTTP2_REFUSED_STREAM)) {
      this.fail(error);
      return;
    }
    const isStreamed = this.#options.body instanceof Readable;
    // A refused one had better go to another target. Of a body that is read nobody but us has anything any more.
    const isOurs = isStreamed ? this.#kept !== undefined : isLeft;
    if (this.#isSecond || !isOurs) {
      this.fail(new UnprocessedError(error));
      return;
    }
    this.#isSecond = true;
    this.#stream = undefined;
    clearTimeout(this.#headTimer);
    if (isStreamed) (this.#options.body as Readable).unpipe(stream);
    this.#again();
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

  #awaitHead(stream: ClientHttp2Stream): void {
    if (!this.#options.headersTimeout) return;
    this.#headTimer = setTimeout(() => {
      // All of the request that there is has been taken: it is its client that takes its time.
      if (!stream.writableEnded && stream.writableLength === 0) {
        this.#moreTime();
        return;
      }
      // It may be dead.
      this.#connection?.session.close();
      this.abort(failure('UND_ERR_HEADERS_TIMEOUT', 'no answer in time'));
    }, this.#options.headersTimeout);
  }

  /** The time for the head begins anew: some of the request has gone out. */
  #moreTime(): void {
    if (!this.#hasHead && !this.#isOver) this.#headTimer?.refresh();
  }

  #onHead(headers: Http2Headers, flags: number): void {
    clearTimeout(this.#headTimer);
    this.#hasHead = true;
    this.#kept = undefined;
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

  #onEnd(stream: ClientHttp2Stream): void {
    if (this.#isOver) return;
    // Node ends what is read of a stream that was reset, too.
    if (stream.rstCode !== NGHTTP2_NO_ERROR || !this.#hasHead || this.#isWhole === false) {
      this.#broke(stream, failure('UND_ERR_SOCKET', `the stream was reset with code ${stream.rstCode}`));
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
