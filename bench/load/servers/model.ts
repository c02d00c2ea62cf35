// node model.ts <port>: a model that answers every call with a stream of fifty events: in one piece; or, as the call's user
// says, each written by itself (`each`) or one every so many milliseconds (`pace-20`). Each event of a paced stream says at
// which microsecond of the system's monotonic clock it was sent. Who asks for its usage gets it. `node model.ts <port> <tokens>` reads so
// many tokens of a call a second before it answers.
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

const READ_A_SECOND = Number(process.argv[3] ?? Number.POSITIVE_INFINITY);
/** As the gateway estimates them. */
const BYTES_A_TOKEN = 4;

const microseconds = (): string => String(process.hrtime.bigint() / 1000n).padStart(STAMP_DIGITS, '0');

function stamped(): Buffer {
  const event = Buffer.from(EVENT);
  event.write(microseconds(), STAMP_AT, 'latin1');
  return event;
}

// Frames are written ready-made to the socket: a chunk then costs one system call and little else, so that there is time
// for 50,000 of them a second. `end` writes the last, empty one.
function inOnePiece(response: ServerResponse, last: string): void {
  response.socket?.cork();
  response.writeHead(200, HEAD).flushHeaders();
  response.socket?.write(TEXT + last, 'latin1');
  response.end();
  response.socket?.uncork();
}

/** As fast as it goes, and never two events in one turn: a stream's turn comes again when all others have had theirs. */
function eachByItself(response: ServerResponse, last: string): void {
  response.writeHead(200, HEAD).flushHeaders();
  let left = CHUNKS;
  const next = (): void => {
    if (response.destroyed) return;
    response.socket?.write(left > 0 ? EVENT : last, 'latin1');
    left--;
    if (left < 0) response.end();
    else setImmediate(next);
  };
  setImmediate(next);
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
    const [, pace] = /"user": ?"(each|pace-\d+)"/.exec(asked) ?? [];
    const last = /"include_usage": ?true/.test(asked) ? LAST_WITH_USAGE : LAST;
    const answer = (): void => {
      if (pace === 'each') eachByItself(response, last);
      else if (pace === undefined) inOnePiece(response, last);
      else paced(response, last, Number(pace.slice('pace-'.length)));
    };
    const readMs = (asked.length / BYTES_A_TOKEN / READ_A_SECOND) * 1000;
    if (readMs > 0) setTimeout(answer, readMs);
    else answer();
  });
});
server.keepAliveTimeout = 65_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
