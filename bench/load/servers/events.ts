// node events.ts <port>: event streams over HTTP/1.1 and, known beforehand, HTTP/2. /api/idle says something every 15 seconds,
// /api/active sends two events of 100 bytes a second, everything else is answered with 1 kB.
import { createServer } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createNet } from 'node:net';
import { detectHttp2 } from '../../../src/server/h2c.ts';
import { ANSWER } from '../messages.ts';

interface Answer {
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(text: string): unknown;
  end(text: string): unknown;
  once(event: 'close', act: () => void): unknown;
}

const EVENT = `data: ${'x'.repeat(92)}\n\n`;
/** Active streams have their turn in this many groups, so that their events don't come all at the same moment. */
const GROUPS = 25;
const EVERY_MS = 500;
const active = Array.from({ length: GROUPS }, () => new Set<Answer>());
const idle = new Set<Answer>();
let turn = 0;

function answer(path: string | undefined, response: Answer): void {
  if (path !== '/api/idle' && path !== '/api/active') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(ANSWER);
    return;
  }
  const group = path === '/api/idle' ? idle : (active[turn++ % GROUPS] as Set<Answer>);
  group.add(response);
  response.once('close', () => group.delete(response));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(EVENT);
}

let next = 0;
setInterval(() => {
  for (const response of active[next++ % GROUPS] as Set<Answer>) response.write(EVENT);
}, EVERY_MS / GROUPS);
setInterval(() => {
  for (const response of idle) response.write(': still here\n\n');
}, 15_000);

const http1 = createServer((request, response) => {
  request.resume();
  answer(request.url, response);
});
http1.keepAliveTimeout = 600_000;
const http2 = createHttp2({ settings: { maxConcurrentStreams: 1_000 } }, (request, response) =>
  answer(request.url, response as unknown as Answer),
);
createNet({ allowHalfOpen: true, noDelay: true }, (socket) =>
  detectHttp2(socket, 10_000, (protocol) =>
    (protocol === 'http2' ? http2 : http1).emit('connection', socket),
  ),
).listen(Number(process.argv[2]), '127.0.0.1', 4096);
