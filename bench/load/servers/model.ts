// node model.ts <port>: a model that answers every call with a stream of fifty events: in one go, as Node's HTTP server
// writes what is written in one turn, or one by one where the call's user is `pace-` and milliseconds. Each event of a paced
// stream says at which microsecond of the system's monotonic clock it was sent. Who asks for its usage gets it.
import { createServer, type ServerResponse } from 'node:http';
import { CHUNKS, LAST_EVENTS, LAST_EVENTS_WITH_USAGE, STAMP, STAMP_DIGITS, TEXT_EVENT } from '../messages.ts';

const framed = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const EVENT = Buffer.from(framed(TEXT_EVENT));
const STAMP_AT = EVENT.indexOf(STAMP) + STAMP.length;
const LAST = framed(LAST_EVENTS);
const LAST_WITH_USAGE = framed(LAST_EVENTS_WITH_USAGE);
const TEXT = framed(TEXT_EVENT).repeat(CHUNKS);
const HEAD = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'transfer-encoding': 'chunked',
};

const microseconds = (): string => String(process.hrtime.bigint() / 1000n).padStart(STAMP_DIGITS, '0');

function stamped(): Buffer {
  const event = Buffer.from(EVENT);
  event.write(microseconds(), STAMP_AT, 'latin1');
  return event;
}

// Frames are written ready-made to the socket: a chunk then costs one system call and little else, so that there is time
// for 50,000 of them a second. `end` writes the last, empty one.
function allAtOnce(response: ServerResponse, last: string): void {
  response.socket?.cork();
  response.writeHead(200, HEAD).flushHeaders();
  response.socket?.write(TEXT + last, 'latin1');
  response.end();
  response.socket?.uncork();
}

function paced(response: ServerResponse, last: string, everyMs: number): void {
  response.writeHead(200, HEAD).flushHeaders();
  response.socket?.write(stamped());
  let left = CHUNKS - 1;
  const timer = setInterval(() => {
    response.socket?.write(stamped());
    left--;
    if (left > 0) return;
    clearInterval(timer);
    response.socket?.write(last, 'latin1');
    response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.once('end', () => {
    const asked = Buffer.concat(pieces).toString('latin1');
    const [, pace] = /"user": ?"pace-(\d+)"/.exec(asked) ?? [];
    const last = /"include_usage": ?true/.test(asked) ? LAST_WITH_USAGE : LAST;
    if (pace === undefined) allAtOnce(response, last);
    else paced(response, last, Number(pace));
  });
});
server.keepAliveTimeout = 65_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
