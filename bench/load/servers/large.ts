// node large.ts <port>: answers /api/large with 64 MB, as fast as they are taken and no faster, and everything else with 1 kB.
import { createServer } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { ANSWER } from '../messages.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
const PIECES = 1024;

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    if (request.url !== '/api/large') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': PIECE.length * PIECES });
    const pieces = Readable.from(
      (function* () {
        for (let i = 0; i < PIECES; i++) yield PIECE;
      })(),
      { objectMode: false, highWaterMark: PIECE.length },
    );
    // A reader that leaves is no fault of this server.
    pipeline(pieces, response, () => undefined);
  });
});
server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
