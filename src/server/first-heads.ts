import type { Socket } from 'node:net';

/** How often connections without a first head are looked at: with 10 s for a head they are gone well within 11. */
const CHECK_EVERY_MS = 500;

/**
 * One deadline for all that a connection says before its first request: TLS handshake, preface and head together. Node
 * gives each of them the whole time, and a head's begins anew with its first byte.
 */
export class FirstHeads {
  /** Monotonic milliseconds at which each was accepted. */
  readonly #waiting = new Map<Socket, number>();
  readonly #checking: NodeJS.Timeout;

  /** @param onLate has to end the connection */
  constructor(timeoutMs: number, onLate: (socket: Socket) => void) {
    this.#checking = setInterval(() => {
      const latest = performance.now() - timeoutMs;
      for (const [socket, since] of this.#waiting) {
        if (since > latest) continue;
        this.#waiting.delete(socket);
        onLate(socket);
      }
    }, CHECK_EVERY_MS);
    this.#checking.unref();
  }

  /** @param since when the connection was accepted, monotonic milliseconds */
  await(socket: Socket, since = performance.now()): void {
    this.#waiting.set(socket, since);
    socket.once('close', () => this.#waiting.delete(socket));
  }

  /** Its first head is whole. */
  came(socket: Socket): void {
    this.#waiting.delete(socket);
  }

  close(): void {
    clearInterval(this.#checking);
  }
}
