import type { ServerResponse } from 'node:http';

/** Bytes of an answer up to which it costs less to copy them than to write them by themselves. */
const SHORT = 4 * 1024;
/** Bytes of one write to a stream of HTTP/2, which tells of one only when all of it is sent. */
const PIECE = 64 * 1024;

/** Ends an answer whose head waits with its whole body. Node joins a head and a short text to one write; bytes it writes beside it. */
export function endWith(response: ServerResponse, body: Buffer): void {
  if (body.length <= SHORT) response.end(body.toString('latin1'), 'latin1');
  else if (body.length > PIECE && response.req.httpVersionMajor === 2) endInPieces(response, body);
  else response.end(body);
}

/** So that it is seen how much of it a slow client has taken. */
function endInPieces(response: ServerResponse, body: Buffer): void {
  let at = 0;
  const goOn = (): void => {
    while (at < body.length && !response.destroyed) {
      const piece = body.subarray(at, at + PIECE);
      at += piece.length;
      if (response.write(piece)) continue;
      response.once('drain', goOn);
      return;
    }
    response.end();
  };
  goOn();
}
