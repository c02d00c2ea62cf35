import { type ClientHttp2Session, connect } from 'node:http2';
import type { LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Dispatcher } from 'undici';
import { GatewayError } from '../errors/gateway-error.ts';
import { Http2Call } from './http2-call.ts';
import { sniOf, type TargetTls, tlsConnectOptions } from './target-tls.ts';
import { UnprocessedError } from './unprocessed.ts';

export interface Http2PoolOptions {
  /** `https://host:port`, or `http://…` for HTTP/2 that is known beforehand. */
  origin: string;
  /** Milliseconds to open a connection; 0: as long as it takes. */
  connectTimeoutMs: number;
  tls: TargetTls | undefined;
  lookup: LookupFunction | undefined;
}

/** Milliseconds without a request after which a connection is closed. */
const IDLE_MS = 60_000;

interface Connection {
  readonly session: ClientHttp2Session;
  /** Requests that wait for it to open; undefined: it is open. */
  waiting: Http2Call[] | undefined;
  open: number;
  lastTaken: number | undefined;
}

/**
 * Connections of HTTP/2 to one origin, behind undici's contract. A new one is opened when those that are there carry all
 * the streams that their other end allows.
 */
export class Http2Pool extends Dispatcher {
  readonly #options: Http2PoolOptions;
  readonly #scheme: string;
  readonly #connections = new Set<Connection>();
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(options: Http2PoolOptions) {
    super();
    this.#options = options;
    this.#scheme = new URL(options.origin).protocol.slice(0, -1);
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const call: Http2Call = new Http2Call(options, handler, () => this.#place(call));
    if (options.upgrade) {
      call.fail(new GatewayError('feature_not_active', { detail: 'It is: WebSocket over HTTP/2.' }));
    } else {
      this.#place(call);
    }
    return true;
  }

  #place(call: Http2Call): void {
    const connection = this.#free() ?? this.#connect();
    if (connection.waiting) connection.waiting.push(call);
    else this.#start(call, connection);
  }

  /** Lets what runs end. */
  override async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#connections.size === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    for (const { session, waiting } of this.#connections) if (!waiting?.length) session.close();
    await drained;
  }

  override async destroy(): Promise<void> {
    this.#isClosed = true;
    for (const { session } of this.#connections) session.destroy();
  }

  #free(): Connection | undefined {
    for (const connection of this.#connections) {
      const { session, waiting, open } = connection;
      if (session.closed || session.destroyed) continue;
      const most = waiting ? MOST_WAITING : (session.remoteSettings.maxConcurrentStreams ?? MOST_WAITING);
      if (open + (waiting?.length ?? 0) < most) return connection;
    }
    return undefined;
  }

  #connect(): Connection {
    const { origin, connectTimeoutMs, tls, lookup } = this.#options;
    const servername = sniOf(tls?.serverName);
    const session = connect(origin, {
      ...tlsConnectOptions(tls),
      ...(servername ? { servername } : {}),
      ...(lookup ? { lookup } : {}),
      // Each side says how much it takes; the answers' readers say when they take more.
      settings: { enablePush: false },
    });
    const connection: Connection = { session, waiting: [], open: 0, lastTaken: undefined };
    this.#connections.add(connection);
    let cause: Error | undefined;
    const late =
      connectTimeoutMs > 0
        ? setTimeout(
            () => session.destroy(coded('UND_ERR_CONNECT_TIMEOUT', 'no connection in time')),
            connectTimeoutMs,
          )
        : undefined;
    session.once('connect', (_session, socket) => {
      if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2')
        session.destroy(coded('ERR_HTTP2_ERROR', 'the upstream does not speak HTTP/2'));
    });
    // What the other side allows is known from here on.
    session.once('remoteSettings', () => {
      clearTimeout(late);
      const waiting = connection.waiting ?? [];
      connection.waiting = undefined;
      for (const call of waiting) this.#start(call, connection);
      if (this.#isClosed) session.close();
    });
    session.on('goaway', (_code, lastStream) => {
      connection.lastTaken = lastStream;
    });
    session.setTimeout(IDLE_MS, () => {
      if (connection.open === 0) session.close();
    });
    session.on('error', (error) => {
      cause = error;
    });
    session.once('close', () => {
      clearTimeout(late);
      this.#connections.delete(connection);
      const closed = cause ?? coded('UND_ERR_SOCKET', 'the connection was closed');
      for (const call of connection.waiting ?? []) call.fail(closed);
      if (this.#connections.size === 0) this.#drained?.();
    });
    return connection;
  }

  #start(call: Http2Call, connection: Connection): void {
    try {
      const stream = call.start(connection, this.#scheme);
      if (stream === undefined) return;
      connection.open++;
      stream.once('close', () => connection.open--);
    } catch (error) {
      // A head that can't be sent, or a connection that closed meanwhile.
      call.fail(new UnprocessedError(error as Error));
    }
  }
}

/** Requests that wait for one connection to open, before it is known how many it takes: what RFC 9113 wants at least. */
const MOST_WAITING = 100;

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });
