import type { Socket } from 'node:net';

/**
 * Reads no further from a connection than what was taken from it. A stream of Node's asks for the next piece (64 kB)
 * before it hands out the one it has, so that one lies in memory for every reader that has stopped to read. Here the
 * next piece is asked for when its reader comes back for more. What that costs is two flags: no system call, no turn.
 *
 * As long as the reader stays away, the end of the connection is not seen either, as behind any full buffer.
 */
export function readOnDemand(socket: Socket): void {
  const ask = socket._read.bind(socket);
  const read = socket.read.bind(socket);
  let isReading = false;
  let isOwed = false;
  const settle = (): void => {
    isOwed = false;
    ask(socket.readableHighWaterMark);
  };
  socket._read = (size) => {
    if (isReading) isOwed = true;
    else ask(size);
  };
  socket.read = (size?: number): unknown => {
    if (isOwed) settle();
    isReading = true;
    let chunk: unknown;
    try {
      chunk = read(size);
    } finally {
      isReading = false;
    }
    // Nothing was there: whoever asked waits for more.
    if (chunk === null && isOwed) settle();
    return chunk;
  };
}
