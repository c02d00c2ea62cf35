import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const CONNECTION = Symbol('hypercare.connection');

/** Milliseconds in which a client may still be sending after its last answer, before it is cut off. */
const LINGER_MS = 5_000;

/** What the gateway keeps about a client's connection. */
export class Connection {
  /** The answer of the newest request. */
  response: ServerResponse | undefined = undefined;
  /** Ends that request's exchange, with the status that the client got. */
  end: ((status: number, complete: boolean) => void) | undefined = undefined;
  /** Nothing that comes on it is a request any more. */
  isBroken = false;
  /** Ends of requests whose answer waits behind another's: Node does not tell them that the connection is gone. */
  readonly waiting = new Set<() => void>();

  constructor(socket: Socket) {
    socket.once('close', () => {
      for (const end of this.waiting) end();
    });
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
