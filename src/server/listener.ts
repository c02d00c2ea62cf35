import { type IncomingMessage, METHODS, type Server, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { isGrpc } from '../lib/grpc-status.ts';
import { markUpgrade } from '../proxy/websocket.ts';
import { bytesSince } from '../record/bytes.ts';
import { exchangeOf, LiveExchange } from '../record/exchange.ts';
import type { Recorder } from '../record/recorder.ts';
import { losesWhatFollows } from './behind-upgrade.ts';
import {
  answerClientError,
  type ClientErrorPorts,
  HEAD_TIMEOUT,
  recordBrokenSession,
} from './client-error.ts';
import { connectionOf, watchForEnd } from './connection.ts';
import { FirstHeads } from './first-heads.ts';
import type { Generation } from './generation.ts';
import { keepDeadline } from './grpc.ts';
import { detectHttp2 } from './h2c.ts';
import { behindAnother, CONNECTIONS, openServer } from './http-server.ts';
import { asIncoming, asResponse, Http2Request, type Http2Response } from './http2-request.ts';
import { Http2Connections, type Http2Limits } from './http2-server.ts';
import { type ListenAt, type Listening, listenAlone, listenAt } from './listening.ts';
import { LiveRequests } from './live-requests.ts';
import { LoopLag } from './loop-lag.ts';
import { refuse } from './refuse.ts';
import { checkFraming } from './request-framing.ts';
import { canonicalTarget } from './request-target.ts';
import type { ServerCertificates } from './server-certificates.ts';
import { StalledClients } from './stalled-clients.ts';
import { type ClientAuth, TlsServer } from './tls-server.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

export interface ListenerOptions extends Http2Limits {
  /** Absent: plain HTTP. */
  tls?: { clientAuth: ClientAuth } | undefined;
  /** Whether HTTP/2 is spoken beside HTTP/1.1. */
  isHttp2: boolean;
  /** Milliseconds in which a client has to take something of an answer that waits for it. */
  sendTimeoutMs: number;
  recorder: Recorder;
  /** Share of the traces begun here that are sampled, from 0 to 1. */
  sample: number;
  /** Answers what is about the process and not about a route: `/livez`, `/readyz`. */
  probe(path: string): { status: number; body: string } | null;
  clock: { wall(): number; monotonic(): number };
  /** A fault of ours that one connection had to pay for. */
  onFault(error: unknown): void;
}

/** The router knows no others, and takes one that it does not know for a fault of its own. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** Milliseconds for last words to clients whose requests are cut off at the end of the drain time. */
const LAST_WORDS_MS = 500;

/**
 * The process's public server. It outlives every generation: a reload exchanges what requests are routed into, and no
 * connection notices. Each request gets its Exchange here, as the first thing, and ends here, as the last.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #http1: Server;
  readonly #firstHeads: FirstHeads;
  readonly #lag = new LoopLag();
  readonly #http2: Http2Connections | undefined;
  readonly #tls: TlsServer | undefined;
  /** Who listens: the HTTP/1.1 server itself, or who first finds out what a connection speaks. */
  readonly #front: NetServer;
  #listening: Listening | undefined;
  #generation: Generation | undefined;
  readonly #strangers: ClientErrorPorts;
  readonly #live = new LiveRequests();
  readonly #stalled: StalledClients;
  #isDraining = false;
  #drained: (() => void) | undefined;
  /** Connections that have switched to WebSocket: no longer the server's, so it would not close them. */
  readonly #switched = new Set<Socket>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { onFault } = options;
    this.#strangers = {
      revision: () => this.#generation?.revision ?? 0,
      now: () => this.#now(),
      sample: options.sample,
      record: (exchange) => options.recorder.record(exchange),
    };
    this.#stalled = new StalledClients(this.#live, options.sendTimeoutMs);
    this.#firstHeads = new FirstHeads(options.headersTimeoutMs, (socket) => this.#onLateHead(socket));
    this.#http1 = openServer(options, {
      onRequest: (request, response) => this.#onRequest(request, response),
      onUpgrade: (request, socket, head) => this.#onUpgrade(request, socket, head),
      onClientError: (error, socket) => this.#onClientError(error, socket),
      onFault,
    });
    if (options.isHttp2) {
      this.#http2 = new Http2Connections(options, {
        onRequest: (request, response) => this.#onStream(request, response),
        onSlowRequest: (request, response) => this.#onSlowStream(request, response),
        onSessionError: (error, socket) => recordBrokenSession(error, socket, this.#strangers),
        onFault,
      });
    }
    if (options.tls) this.#tls = this.#openTls(options.tls);
    this.#front = this.#tls?.server ?? (this.#http2 ? this.#openPlain() : this.#http1);
    if (this.#front !== this.#http1) behindAnother(this.#http1);
    else this.#http1.on('connection', (socket) => this.#firstHeads.await(socket));
  }

  #openTls(tls: NonNullable<ListenerOptions['tls']>): TlsServer {
    const { isHttp2, headersTimeoutMs, recorder } = this.#options;
    return new TlsServer(
      { clientAuth: tls.clientAuth, isHttp2, handshakeTimeoutMs: headersTimeoutMs },
      {
        onConnection: (socket, protocol, since) => this.#accept(socket, protocol, since),
        onFailure: (error) => recorder.meters.tls.handshakeFailed(error.code ?? ''),
      },
    );
  }

  #openPlain(): NetServer {
    // As Node's HTTP server opens its connections.
    return createServer({ allowHalfOpen: true, ...CONNECTIONS }, (socket) =>
      detectHttp2(socket, this.#options.headersTimeoutMs, (protocol, since) =>
        this.#accept(socket, protocol, since),
      ),
    );
  }

  #accept(socket: Socket, protocol: 'http1' | 'http2', since: number): void {
    if (this.#isDraining) {
      socket.destroy();
    } else if (protocol === 'http2' && this.#http2) {
      this.#http2.accept(socket, since);
    } else {
      this.#firstHeads.await(socket, since);
      this.#http1.emit('connection', socket);
    }
  }

  /** From now on new connections get these certificates; with TLS, it needs them before it listens. */
  useCertificates(certificates: ServerCertificates): void {
    this.#tls?.use(certificates);
  }

  /** From now on requests go to this generation. Returns the one before, which is to be retired. */
  swap(generation: Generation): Generation | undefined {
    const before = this.#generation;
    this.#generation = generation;
    return before;
  }

  /** Requests that run now. */
  get inFlight(): number {
    return this.#live.size;
  }

  /**
   * @param isShared other processes of this gateway listen there as well: the kernel spreads connections over all of them
   * @throws what `listen` says, such as EADDRINUSE
   */
  async listen(at: ListenAt, isShared = false): Promise<AddressInfo> {
    const listen = (): Promise<Listening> =>
      listenAt(this.#front, at, {
        sockets: { allowHalfOpen: this.#tls === undefined, ...CONNECTIONS },
        onError: this.#options.onFault,
      });
    this.#listening = await (isShared ? listen() : listenAlone(at, listen));
    return this.#listening.address;
  }

  /**
   * Accepts nothing new and waits for what runs.
   * @returns how many requests still ran when the time was over; they are cut off
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#isDraining = true;
    this.#listening?.close();
    this.#http1.close();
    this.#http2?.drain();
    // Nobody is to send another request on a connection that ends behind this answer.
    for (const [, response] of this.#live.all()) {
      if (!(response instanceof ServerResponse) || response.headersSent) continue;
      if (connectionOf(response.req.socket).response === response) response.shouldKeepAlive = false;
    }
    // A kept-alive connection whose request ends now has nothing to wait for.
    const idle = setInterval(() => this.#http1.closeIdleConnections(), 50);
    await this.#untilEmpty(timeoutMs);
    const left = this.#live.size;
    clearInterval(idle);
    // What still runs ends now. Its client hears why where it still can: in an answer, or in a stream's last event.
    for (const [exchange] of this.#live.all()) {
      exchange.fail('draining');
      exchange.cancel.abort(new GatewayError('draining'));
    }
    await this.#untilEmpty(LAST_WORDS_MS);
    this.#http1.closeAllConnections();
    this.#firstHeads.close();
    this.#lag.close();
    this.#stalled.close();
    this.#http2?.destroy();
    this.#tls?.destroy();
    for (const socket of this.#switched) socket.destroy();
    await this.#untilEmpty(LAST_WORDS_MS);
    return left;
  }

  /** Resolves when nothing runs any more, or the time is over. */
  async #untilEmpty(timeoutMs: number): Promise<void> {
    if (this.#live.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #now(): { wall: number; monotonic: number } {
    return { wall: this.#options.clock.wall(), monotonic: this.#options.clock.monotonic() };
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    // Kept here: the request lets go of its connection before it says that it is closed.
    const { socket } = request;
    const connection = connectionOf(socket);
    if (connection.isBroken) return;
    if (connection.response === undefined) this.#firstHeads.came(socket);
    const { response: before } = connection;
    if (before?.writableFinished === false) {
      if (this.#isDraining && !goesOnBehind(before)) {
        connection.isBroken = true;
        return;
      }
      connection.queue(response);
    }
    connection.response = response;
    connection.end = undefined;
    if (request.headers.upgrade !== undefined && losesWhatFollows(request)) {
      // So that its client knows to ask again.
      response.shouldKeepAlive = false;
      connection.isBroken = true;
    }
    if (this.#answersProbe(request, response)) return;
    if (this.#isDraining) response.shouldKeepAlive = false;
    const generation = this.#generation as Generation;
    const exchange = this.#begin(request, response, generation);
    const end = (status: number, complete: boolean): void =>
      this.#end(exchange, generation, bytesSince(socket), status, complete);
    connection.end = end;
    response.once('close', () =>
      end(response.headersSent ? response.statusCode : 499, response.writableFinished),
    );
    // All that are there run at once, and a few connections could keep everybody else out.
    const isOneTooMany = connection.waiting >= this.#options.maxStreams;
    this.#enter(request, response, exchange, generation, isOneTooMany ? 'too_many_pipelined' : undefined);
  }

  /** A request of HTTP/2: the stream is its own, so that nothing of the connection's matters to it. */
  #onStream(request: Http2Request, response: Http2Response): void {
    const [asked, answer] = [asIncoming(request), asResponse(response)];
    if (this.#answersProbe(asked, answer)) return;
    const generation = this.#generation as Generation;
    const exchange = this.#begin(asked, answer, generation);
    response.once('close', () => {
      const bytes = { bytesIn: request.headBytes + request.bodyBytes, bytesOut: response.bodyBytes };
      // Node ends a stream that is cut off, too: what counts is whether the answer had been ended.
      const isWhole = response.writableEnded && response.writableFinished;
      const complete = isWhole && request.stream.rstCode === NGHTTP2_NO_ERROR;
      this.#end(exchange, generation, bytes, response.headersSent ? response.statusCode : 499, complete);
    });
    // To anything but POST a 200 that is an error could be kept by a cache in front of us, for everybody.
    if (request.method === 'POST' && isGrpc(asked.headers)) {
      exchange.isGrpc = true;
      keepDeadline(asked.headers, exchange);
    }
    this.#enter(asked, answer, exchange, generation, this.#refusalOf(request));
  }

  /** What the parser sees to in HTTP/1.1. */
  #refusalOf({ headBytes, method }: Http2Request): ErrorCode | undefined {
    if (headBytes > this.#options.maxHeaderBytes) return 'headers_too_large';
    return KNOWN_METHODS.has(method) ? undefined : 'request_malformed';
  }

  #onSlowStream(request: Http2Request, response: Http2Response): void {
    const exchange = exchangeOf(asIncoming(request));
    if (exchange.isOpenEnded) return;
    const slow = new GatewayError('request_timeout');
    if (response.headersSent) {
      exchange.failWith(slow);
      request.stream.close(NGHTTP2_CANCEL);
    } else {
      refuse(slow, exchange, asResponse(response));
    }
  }

  #answersProbe(request: IncomingMessage, response: ServerResponse): boolean {
    const probe = request.url === undefined ? null : this.#options.probe(request.url);
    if (!probe) return false;
    // Load balancers ask every second: that is no traffic, and it is in neither log nor metrics.
    response
      .writeHead(probe.status, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
      .end(probe.body);
    return true;
  }

  #onLateHead(socket: Socket): void {
    // It has its answer already, and is only slow with closing.
    if (connectionOf(socket).isBroken) socket.destroy();
    else this.#onClientError(Object.assign(new Error('no head in time'), { code: HEAD_TIMEOUT }), socket);
  }

  #onClientError(error: Error & { code?: string }, socket: Socket): void {
    answerClientError(error, socket, this.#strangers);
  }

  /** The same way through the same routes and policies, with the connection at hand for the route that can use it. */
  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const connection = connectionOf(socket);
    if (connection.isBroken) {
      socket.destroy();
      return;
    }
    this.#firstHeads.came(socket);
    if (connection.response && !connection.response.writableFinished) {
      // The connection belongs to an answer that is not over: it can't become anything else meanwhile.
      this.#onClientError(new Error('an upgrade behind a request that is not answered yet'), socket);
      return;
    }
    const generation = this.#generation as Generation;
    const response = new ServerResponse(request);
    const exchange = this.#begin(request, response, generation);
    // A connection whose upgrade was refused carries no second request: its bytes could be of either protocol.
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    connection.response = response;
    connection.end = undefined;
    let switched = false;
    const unwatch = watchForEnd(socket);
    response.once('finish', () => socket.destroySoon());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#switched.delete(socket);
      const status = switched ? 101 : response.headersSent ? response.statusCode : 499;
      const complete = switched || response.writableFinished;
      this.#end(exchange, generation, bytesSince(socket), status, complete);
    });
    markUpgrade(request, {
      socket,
      head,
      onSwitched: () => {
        switched = true;
        unwatch();
        this.#switched.add(socket);
        response.detachSocket(socket);
      },
    });
    this.#enter(request, response, exchange, generation);
  }

  #begin(request: IncomingMessage, response: ServerResponse, generation: Generation): LiveExchange {
    generation.entered();
    const exchange = new LiveExchange(request, generation.revision, this.#now(), this.#options.sample);
    exchange.queuedMs = this.#lag.ms;
    this.#live.add(exchange, response);
    exchange.client = generation.trust.clientOf(request);
    return exchange;
  }

  #enter(
    request: IncomingMessage,
    response: ServerResponse,
    exchange: LiveExchange,
    generation: Generation,
    refused?: ErrorCode,
  ): void {
    try {
      if (refused !== undefined) throw new GatewayError(refused);
      // HTTP/2 has one way to frame a message, and Node holds clients to it.
      if (!(request instanceof Http2Request)) checkFraming(request);
      const { path, query } = canonicalTarget(request);
      exchange.path = path;
      exchange.query = query;
      exchange.shape = generation.errorShape(path);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      exchange.path = loggable(request.url ?? '');
      // What stands behind a request that can't be trusted is no request.
      if (!(request instanceof Http2Request)) connectionOf(request.socket).isBroken = true;
      refuse(error, exchange, response);
      return;
    }
    generation.route(request, response);
  }

  #end(
    exchange: LiveExchange,
    generation: Generation,
    { bytesIn, bytesOut }: { bytesIn: number; bytesOut: number },
    status: number,
    complete: boolean,
  ): void {
    const monotonic = this.#options.clock.monotonic();
    const ended = exchange.end({ status, complete, bytesIn, bytesOut, monotonic });
    if (ended === false) return;
    this.#live.delete(exchange);
    this.#options.recorder.record(exchange, ended === true ? undefined : ended);
    generation.left();
    if (this.#live.size === 0) this.#drained?.();
  }
}

/** What of a refused target may stand in a log: a path without query or fragment; a URL may hold a password. */
function loggable(target: string): string {
  if (!target.startsWith('/')) return '(no path)';
  return target.slice(0, 256).split(/[?#]/, 1)[0] as string;
}

/** Whether there is an answer behind one that was to be its connection's last: not if its client has been told so. */
function goesOnBehind(answer: ServerResponse): boolean {
  if (!answer.headersSent) answer.shouldKeepAlive = true;
  return answer.shouldKeepAlive;
}
