import type { Socket } from 'node:net';

/** What every HTTP/2 connection begins with (RFC 9113 section 3.4). No method of HTTP/1.1 begins with these three. */
const PREFACE = Buffer.from('PRI');

/**
 * Finds out what a plain connection speaks, from its first three bytes, which stay in the connection.
 * @param timeoutMs for them to come; a connection without them is closed
 * @param found is told when the connection was accepted, too, in monotonic milliseconds
 */
export function detectHttp2(
  socket: Socket,
  timeoutMs: number,
  found: (protocol: 'http1' | 'http2', since: number) => void,
): void {
  const since = performance.now();
  let head: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const onEnd = (): void => void socket.destroy();
  const onClose = (): void => clearTimeout(timer);
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const known = Math.min(head.length, PREFACE.length);
    const isLike = head.subarray(0, known).equals(PREFACE.subarray(0, known));
    if (isLike && head.length < PREFACE.length) return;
    clearTimeout(timer);
    socket.off('readable', onReadable).off('end', onEnd).off('error', onEnd).off('close', onClose);
    socket.unshift(head);
    found(isLike ? 'http2' : 'http1', since);
  };
  socket.on('readable', onReadable).on('end', onEnd).on('error', onEnd).on('close', onClose);
}
