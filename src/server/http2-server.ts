import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { LAST_BYTES_MS, LINGER_MS } from './connection.ts';
import { continueWhenRead } from './expect-continue.ts';
import { CHECK_EVERY_MS, KEEP_ALIVE_MS, type ServerLimits } from './http-server.ts';
import { Http2Request, Http2Response } from './http2-request.ts';

const { NGHTTP2_NO_ERROR } = constants;

/**
 * Streams that a client may reset at once, and then each second, before its connection is closed: a request that is taken
 * back costs its sender nothing and us an upstream call (CVE-2023-44487).
 */
const RESET_BURST = 200;
const RESETS_A_SECOND = 30;
/** Frames against the protocol before the connection is closed. */
const INVALID_FRAMES = 100;
/** Fields of a head: one byte of it can stand for a field of 4 kB that came before (RFC 7541 section 6.1). */
const MOST_FIELDS = 256;
/** Bytes that all streams of a connection may have under way to us: one upload is not slower than in HTTP/1.1. */
const CONNECTION_WINDOW = 1024 ** 2;
/** Largest last stream there can be: "no stream of yours is refused yet" (RFC 9113 section 6.8). */
const LAST_STREAM = 2 ** 31 - 1;
/** Milliseconds for requests that were on their way when their client was told that we close. */
const NOTICE_MS = 100;

export interface Http2Limits extends ServerLimits {
  /** Most requests at once on a connection. */
  maxStreams: number;
}

export interface Http2Events {
  onRequest(request: Http2Request, response: Http2Response): void;
  /** A request that has not come to its end in time: told once. */
  onSlowRequest(request: Http2Request, response: Http2Response): void;
  /** A connection that broke the protocol and was closed for it. */
  onSessionError(error: Error, socket: Socket): void;
  onFault(error: unknown): void;
}

type Session = ServerHttp2Session<
  typeof IncomingMessage,
  typeof ServerResponse,
  typeof Http2Request,
  typeof Http2Response
>;

interface Held {
  readonly session: Session;
  readonly socket: Socket;
  /** Streams that are open, and whether there ever was one. */
  open: number;
  asked: boolean;
  /** When it was last without a stream, monotonic milliseconds. */
  idleSince: number;
  /** When it was told to close, undefined: it wasn't. */
  closingSince: number | undefined;
}

type Server = Http2Server<
  typeof IncomingMessage,
  typeof ServerResponse,
  typeof Http2Request,
  typeof Http2Response
>;

/** HTTP/2 on connections that somebody else accepts. It never listens. */
export class Http2Connections {
  readonly #limits: Http2Limits;
  readonly #events: Http2Events;
  readonly #server: Server;
  readonly #held = new Map<object, Held>();
  /** Requests whose bodies still come, by when the first byte came. */
  readonly #receiving = new Map<Http2Request, { since: number; response: Http2Response }>();
  readonly #checking: NodeJS.Timeout;

  constructor(limits: Http2Limits, events: Http2Events) {
    this.#limits = limits;
    this.#events = events;
    this.#server = createServer({
      Http2ServerRequest: Http2Request,
      Http2ServerResponse: Http2Response,
      maxHeaderListPairs: MOST_FIELDS,
      maxSessionInvalidFrames: INVALID_FRAMES,
      streamResetBurst: RESET_BURST,
      streamResetRate: RESETS_A_SECOND,
      // What an upstream sends twice goes on as it is.
      strictSingleValueFields: false,
      settings: {
        maxConcurrentStreams: limits.maxStreams,
        // Up to the limit it is served, up to here it is answered, beyond that the stream is reset.
        maxHeaderListSize: 2 * limits.maxHeaderBytes + 1024,
        enableConnectProtocol: false,
      },
    });
    const onRequest = (request: Http2Request, response: Http2Response): void =>
      this.#onRequest(request, response);
    this.#server
      .on('request', onRequest)
      .on('checkContinue', (request: Http2Request, response: Http2Response) => {
        continueWhenRead(request, response);
        onRequest(request, response);
      })
      .on('checkExpectation', onRequest)
      .on('connect', onRequest as never)
      // The session's own end follows.
      .on('sessionError', () => undefined);
    this.#checking = setInterval(() => this.#check(), CHECK_EVERY_MS / 2);
    this.#checking.unref();
  }

  /**
   * Takes a connection that speaks HTTP/2.
   * @param since when it was accepted, monotonic milliseconds
   */
  accept(socket: Socket, since: number): void {
    // A client that has said its last is gone: its half of the connection is no request's end, as it is in HTTP/1.1.
    socket.allowHalfOpen = false;
    let session: Session | undefined;
    this.#server.once('session', (opened) => {
      session = opened;
    });
    this.#server.emit('connection', socket);
    if (session === undefined) return;
    const held: Held = { session, socket, open: 0, asked: false, idleSince: since, closingSince: undefined };
    this.#held.set(session, held);
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.once('error', (error) => this.#events.onSessionError(error, socket));
    session.once('close', () => {
      this.#held.delete(held.session);
      // Closed by us it waits for the other side, which may never say goodbye.
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      timer.unref();
      socket.once('close', () => clearTimeout(timer));
    });
  }

  /** Tells every client to send nothing new; what runs goes on to its end. */
  drain(): void {
    for (const { session } of this.#held.values()) {
      if (!session.destroyed) session.goaway(NGHTTP2_NO_ERROR, LAST_STREAM);
    }
    setTimeout(() => {
      for (const held of this.#held.values()) close(held);
    }, NOTICE_MS).unref();
  }

  /** Cuts every connection. */
  destroy(): void {
    clearInterval(this.#checking);
    for (const { session, socket } of this.#held.values()) {
      session.destroy();
      socket.destroy();
    }
  }

  #onRequest(request: Http2Request, response: Http2Response): void {
    const { stream } = request;
    const held = stream.session && this.#held.get(stream.session);
    if (held) {
      held.asked = true;
      held.open++;
      stream.once('close', () => {
        held.open--;
        held.idleSince = performance.now();
      });
    }
    if (!stream.endAfterHeaders) {
      this.#receiving.set(request, { since: performance.now(), response });
      request.once('end', () => this.#receiving.delete(request));
      stream.once('close', () => this.#receiving.delete(request));
      stream.once('finish', () => {
        if (!request.complete) setImmediate(stopSending, request);
      });
    }
    try {
      this.#events.onRequest(request, response);
    } catch (error) {
      stream.destroy();
      this.#events.onFault(error);
    }
  }

  /** Node has no time limits for HTTP/2: these are HTTP/1.1's. */
  #check(): void {
    const now = performance.now();
    for (const held of this.#held.values()) {
      if (held.open > 0) continue;
      if (!held.asked) {
        if (now - held.idleSince > this.#limits.headersTimeoutMs) cut(held);
      } else if (held.closingSince === undefined) {
        if (now - held.idleSince > KEEP_ALIVE_MS) close(held);
      } else if (now - held.closingSince > LINGER_MS) {
        // A head that never came to its end keeps it open.
        held.session.destroy();
      }
    }
    for (const [request, { since, response }] of this.#receiving) {
      if (now - since < this.#limits.requestTimeoutMs) continue;
      this.#receiving.delete(request);
      this.#events.onSlowRequest(request, response);
    }
  }
}

/** The rest of a request that is answered: the client may keep it (RFC 9113 section 8.1). */
function stopSending(request: Http2Request): void {
  request.stream.close(NGHTTP2_NO_ERROR);
  // A stream that holds something unread does not end.
  request.resume();
}

/** Its time for a first head is over: it gets its GOAWAY, and no grace for closing. */
function cut({ session, socket }: Held): void {
  session.destroy();
  // Writing beside the session would abort the process (an assertion in Node's TLSWrap).
  const timer = setTimeout(() => socket.destroy(), LAST_BYTES_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function close(held: Held): void {
  if (held.closingSince !== undefined) return;
  held.closingSince = performance.now();
  held.session.close();
}
