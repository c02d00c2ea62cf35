import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { ClientAuthorities } from './client-authorities.ts';
import { CONNECTIONS } from './http-server.ts';
import type { ServerCertificates } from './server-certificates.ts';

/** Whether clients show a certificate: not asked for, asked for, or no connection without a valid one. */
export type ClientAuth = 'none' | 'request' | 'require';

export interface TlsServerOptions {
  clientAuth: ClientAuth;
  isHttp2: boolean;
  /** Milliseconds for the handshake. */
  handshakeTimeoutMs: number;
}

export interface TlsServerEvents {
  /** A connection that is secure, what was agreed to be spoken on it, and when it was accepted (monotonic ms). */
  onConnection(socket: TLSSocket, protocol: 'http1' | 'http2', since: number): void;
  onFailure(error: Error & { code?: string }): void;
}

/**
 * The listening end of TLS. Its certificates can be exchanged while it listens: connections that stand keep theirs, but for
 * those of clients that no authority vouches for any more.
 */
export class TlsServer {
  readonly server: Server;
  #certificates: ServerCertificates | undefined;
  readonly #authorities = new ClientAuthorities();
  /** Every connection below, those too that never come to the end of a handshake. */
  readonly #sockets = new Set<Socket>();
  /** When each that is in its handshake was accepted. A secure socket doesn't tell which one it stands on. */
  readonly #accepted = new Map<string, number>();

  constructor(options: TlsServerOptions, events: TlsServerEvents) {
    this.server = createServer({
      SNICallback: (host, done) => done(null, this.#certificates?.contextFor(host)),
      ALPNProtocols: options.isHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      handshakeTimeout: options.handshakeTimeoutMs,
      requestCert: options.clientAuth !== 'none',
      rejectUnauthorized: options.clientAuth === 'require',
      ...CONNECTIONS,
    });
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket);
      const ends = endsOf(socket);
      this.#accepted.set(ends, performance.now());
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#accepted.delete(ends);
      });
    });
    this.server.on('secureConnection', (socket) => {
      const ends = endsOf(socket);
      const since = this.#accepted.get(ends) ?? performance.now();
      this.#accepted.delete(ends);
      this.#authorities.enter(socket);
      events.onConnection(socket, socket.alpnProtocol === 'h2' ? 'http2' : 'http1', since);
    });
    this.server.on('tlsClientError', (error, socket) => {
      // Node leaves it open, also after the time for a handshake.
      socket.destroy();
      events.onFailure(error);
    });
  }

  /** From now on new connections get these. */
  use(certificates: ServerCertificates): void {
    this.#certificates = certificates;
    this.server.setSecureContext(certificates.first);
    this.#authorities.use(String(certificates.first.ca ?? ''), certificates.revokedClients);
  }

  /** Cuts off every connection. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The four figures that make a TCP connection the one that it is. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress}:${remotePort} ${localAddress}:${localPort}`;
}
