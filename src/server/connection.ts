import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const CONNECTION = Symbol('hypercare.connection');

/** Milliseconds in which a client may still be sending after its last answer, before it is cut off. */
export const LINGER_MS = 5_000;
/** Milliseconds in which the last bytes have to be taken from us where there is no such grace. */
export const LAST_BYTES_MS = 100;

/** What the gateway keeps about a client's connection. */
export class Connection {
  /** The answer of the newest request. */
  response: ServerResponse | undefined = undefined;
  /** Ends that request's exchange, with the status that the client got. */
  end: ((status: number, complete: boolean) => void) | undefined = undefined;
  /** Nothing that comes on it is a request any more. */
  isBroken = false;
  readonly #socket: Socket;
  /** Answers that wait, or waited, for one before them on the connection, and are not over. */
  #queued: Set<ServerResponse> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const destroySoon = socket.destroySoon.bind(socket);
    // How Node closes behind a last answer. Closing with something unread resets the connection, and the client may
    // lose the answer (413, 401) that says why it need not send on: RFC 9112 section 9.6.
    socket.destroySoon = () => {
      const isUnread = this.response?.req.complete === false;
      // A body that somebody had begun to read waits for them.
      if (isUnread) this.response?.req.resume();
      if (isUnread || this.isBroken) endLingering(socket);
      else destroySoon();
    };
  }

  /** A request comes behind one that is not answered: Node does not tell its answer when the connection closes. */
  queue(response: ServerResponse): void {
    this.#queued ??= this.#watchQueue();
    this.#queued.add(response);
    response.once('close', () => this.#queued?.delete(response));
  }

  /** Requests that are not answered and stand behind another. */
  get waiting(): number {
    return this.#queued?.size ?? 0;
  }

  #watchQueue(): Set<ServerResponse> {
    const queued = new Set<ServerResponse>();
    this.#socket.once('close', () => {
      for (const response of queued) {
        // One whose turn has come hears of it.
        if (response.socket !== null) continue;
        response.destroy();
        response.emit('close');
      }
    });
    return queued;
  }
}

interface KnownSocket extends Socket {
  [CONNECTION]?: Connection;
}

export function connectionOf(socket: Socket): Connection {
  const known = socket as KnownSocket;
  known[CONNECTION] ??= new Connection(socket);
  return known[CONNECTION];
}

/** Sends the last bytes and reads on until the client closes, too, or the time is over. */
export function endLingering(socket: Socket, last = ''): void {
  socket.end(last);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Sends the last bytes and closes behind them: for a client that had its time, and can't hold the connection longer. */
export function endAtOnce(socket: Socket, last = ''): void {
  // One that reads nothing doesn't even take these.
  const timer = setTimeout(() => socket.destroy(), LAST_BYTES_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(last, () => socket.destroy());
}

/**
 * Destroys a connection that nobody reads once the other side has left it: a socket that is not read doesn't tell. What
 * comes meanwhile stays in the socket's buffer, for whoever reads it then.
 * @returns ends the watch
 */
export function watchForEnd(socket: Socket): () => void {
  const look = (): void => {
    if (socket.readableLength === 0) socket.read();
  };
  const onEnd = (): void => void socket.destroy();
  socket.on('readable', look).on('end', onEnd);
  return () => socket.off('readable', look).off('end', onEnd);
}
