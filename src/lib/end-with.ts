import type { ServerResponse } from 'node:http';

/** Bytes of an answer up to which it costs less to copy them than to write them by themselves. */
const SHORT = 4 * 1024;

/** Ends an answer whose head waits with its whole body. Node joins a head and a short text to one write; bytes it writes beside it. */
export function endWith(response: ServerResponse, body: Buffer): void {
  if (body.length <= SHORT) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
}
