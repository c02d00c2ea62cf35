import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { continueWhenRead } from './expect-continue.ts';

export interface ServerLimits {
  /** Milliseconds for a request's head, and for the whole request. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** Bytes of a request's head. */
  maxHeaderBytes: number;
}

export interface ServerEvents {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A request that asks for WebSocket, or for a tunnel; `head` came behind it already. */
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  onClientError(error: Error & { code?: string }, socket: Socket): void;
  /** One of the above failed. The connection it was about is gone; nobody else's is. */
  onFault(error: unknown): void;
}

/** Longer than the 60 s for which load balancers keep an idle connection: the end that closes first loses requests. */
export const KEEP_ALIVE_MS = 65_000;
/** How often slow heads are looked for: with a head timeout of 10 s they are gone within 11. */
export const CHECK_EVERY_MS = 1_000;

/**
 * How connections are opened, whatever is spoken on them. A client that has vanished (a phone out of reach) says nothing, as
 * one does whose WebSocket is silent: the kernel asks, and its connection ends some ten minutes later, not never.
 */
export const CONNECTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** Node's HTTP/1.1 server with nothing answered behind our back: whatever comes is one of three events. */
export function openServer(limits: ServerLimits, events: ServerEvents): Server {
  /** An error thrown in an event of the server would end the process, and with it every other client's request. */
  const guarded = (socket: Socket, act: () => void): void => {
    try {
      act();
    } catch (error) {
      socket.destroy();
      events.onFault(error);
    }
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    guarded(request.socket, () => events.onRequest(request, response));
  const onUpgrade = (request: IncomingMessage, socket: unknown, head: Buffer): void =>
    guarded(socket as Socket, () => events.onUpgrade(request, socket as Socket, head));
  const server = createServer(
    {
      ...CONNECTIONS,
      // A head is a part of its request. Node refuses to give it longer.
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs || Number.POSITIVE_INFINITY),
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: limits.maxHeaderBytes,
      // Checked by us, so that it is answered and recorded like everything else.
      requireHostHeader: false,
      // Everything but WebSocket is an ordinary request whose Upgrade header is ignored (RFC 9110 section 7.8).
      ...{ shouldUpgradeCallback: wantsWebSocket },
    },
    onRequest,
  );
  // The limit on a head is its size. Node's own, 2,000 headers, drops the rest in silence.
  server.maxHeadersCount = 0;
  // An expectation that we don't know is not an error (RFC 9110 section 10.1.1); Node would answer it unrecorded.
  server.on('checkExpectation', onRequest);
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request, response);
    onRequest(request, response);
  });
  server.on('upgrade', onUpgrade);
  // Refused like any target that is no path; without a listener Node would cut the connection unrecorded.
  server.on('connect', onUpgrade);
  server.on('clientError', (error, socket) =>
    guarded(socket as Socket, () => events.onClientError(error, socket as Socket)),
  );
  return server;
}

/** For a server that never listens itself: connections come from the one that does, once it is known what they speak. */
export function behindAnother(server: Server): Server {
  // Slow heads are looked for from this event on.
  server.emit('listening');
  return server;
}

/** With a body it is an ordinary request: nobody could tell the body's bytes from those of the new protocol. */
function wantsWebSocket({ method, headers, httpVersion }: IncomingMessage): boolean {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket' || httpVersion !== '1.1')
    return false;
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
}
