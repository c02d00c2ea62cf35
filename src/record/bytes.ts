import type { Socket } from 'node:net';

const MARK = Symbol('hypercare.bytes');

interface MarkedSocket extends Socket {
  [MARK]?: { read: number; written: number };
}

/**
 * Bytes that crossed a connection since it was last asked, heads included. A connection serves one request after the
 * other, so asked at the end of each it gives what belongs to it.
 */
export function bytesSince(connection: Socket): { bytesIn: number; bytesOut: number } {
  const socket = connection as MarkedSocket;
  const read = socket.bytesRead;
  const written = socket.bytesWritten;
  const mark = socket[MARK];
  if (mark === undefined) {
    socket[MARK] = { read, written };
    return { bytesIn: read, bytesOut: written };
  }
  const bytes = { bytesIn: read - mark.read, bytesOut: written - mark.written };
  mark.read = read;
  mark.written = written;
  return bytes;
}

/** Bytes that came on a connection since it was last asked as above. It is not asked hereby. */
export const bytesUntold = (connection: Socket): number =>
  connection.bytesRead - ((connection as MarkedSocket)[MARK]?.read ?? 0);
