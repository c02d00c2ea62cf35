import type { IncomingMessage } from 'node:http';
import { bytesUntold } from '../record/bytes.ts';

/**
 * Whether something came right behind the head of a request whose `Upgrade` is not taken. Node's parser stops at such a
 * head and forgets the rest of what it was read with (node 24.21): a request that stood there would never be answered.
 * A head in another spelling than the usual counts as one with something behind it.
 */
export function losesWhatFollows(request: IncomingMessage): boolean {
  const { upgrade, connection = '', 'content-length': length = '0' } = request.headers;
  if (upgrade === undefined || !connection.toLowerCase().includes('upgrade')) return false;
  if (Number(length) !== 0 || request.headers['transfer-encoding'] !== undefined) return false;
  return bytesUntold(request.socket) !== usualLength(request);
}

/** `METHOD target HTTP/1.1`, lines of `Name: value`, and an empty one. */
function usualLength({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let bytes = method.length + url.length + '  HTTP/1.1\r\n\r\n'.length;
  for (const text of rawHeaders) bytes += text.length + ': '.length;
  return bytes;
}
