import type { Duplex } from 'node:stream';

/** Milliseconds between two looks at a connection that nobody reads. */
export const LOOK_EVERY_MS = 200;

/** What Node's types leave out: the handle that a socket stands on; null once it is closed. */
interface Standing extends Duplex {
  readonly _handle?: { getpeername?(into: object): number } | null;
}

/**
 * Notices that the other side has reset a connection that nobody reads. A socket that is not read does not tell; one that
 * nothing is written to does, and one that is asked who is at its other end. (One that is closed in good order is known only
 * once all that it sent is read, as its end stands behind it; once nobody is there any more keep-alive resets it.)
 */
export function lookForReset(socket: Duplex): void {
  if ('encrypted' in socket || !socket.writable) lookForEnd(socket);
  // What waits to be written tells, too.
  else if (socket.writableLength === 0) socket.write('');
}

/** Node's TLS keeps to itself that an empty write has failed, and has no other call that would tell. */
function lookForEnd(socket: Standing): void {
  const failed = socket._handle?.getpeername?.({}) ?? 0;
  if (failed !== 0) socket.destroy();
}

/** Looks for a reset as long as a reader has stopped this socket because what it sends is taken nowhere. */
export function watchWhilePaused(socket: Duplex): void {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (socket.isPaused() && !socket.destroyed) {
      lookForReset(socket);
      return;
    }
    clearInterval(timer);
    timer = undefined;
  };
  // A busy one stops often, and goes on before it is looked at.
  socket.on('pause', () => {
    timer ??= setInterval(look, LOOK_EVERY_MS).unref();
  });
}
