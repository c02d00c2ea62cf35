// Opens many connections with a request on each and holds them: it takes all that comes, some of it, or nothing more than how
// the answer begins. Not a pool, since that would neither open so many nor leave an answer unread.
import { connect, type Socket } from 'node:net';
import { type ClientOrder, count, order } from './client.ts';
import { READ_AT_ONCE, type Reading, SLOW_READS } from './reading.ts';

const { groups, reads, ...asked } = order<
  ClientOrder & { groups: { path: string; connections: number }[]; reads: Reading }
>();
const { port, host } = new URL(asked.origin);
const fields = Object.entries({ host, ...asked.headers, 'content-length': String(asked.body.length) });
const lines = fields.map(([name, value]) => `${name}: ${value}`).join('\r\n');
const OK = 'HTTP/1.1 200 ';
/** So many open at a time: a listener's backlog is no larger. */
const AT_A_TIME = 200;
/** Slow readers have their turns in so many groups, so that they don't read all at the same moment. */
const GROUPS = 25;

let lost = 0;
let refused = 0;
let events = 0;
let bytesRead = 0;
let isCounting = false;
/** Of all connections: what has come is looked at before anything else is read. */
const buffer = Buffer.alloc(READ_AT_ONCE);

/** Resolves when the answer's first bytes are there. */
function hold(path: string): Promise<Socket> {
  const request = `${asked.method} ${path} HTTP/1.1\r\n${lines}\r\n\r\n${asked.body}`;
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    /** @returns whether to go on reading: a socket whose reads go to a buffer takes no more from the kernel than it is told to */
    function took(length: number): boolean {
      const bytes = buffer.subarray(0, length);
      if (isAnswered && isCounting) {
        bytesRead += length;
        countEvents(bytes);
      } else if (!isAnswered) {
        isAnswered = true;
        if (bytes.toString('latin1', 0, OK.length) !== OK) refused++;
        socket.off('error', reject);
        socket.once('error', () => lost++);
        socket.once('end', () => lost++);
        resolve(socket);
      }
      return reads === 'all';
    }
    const onread = { buffer, callback: took };
    const socket = connect({ port: Number(port), host: '127.0.0.1', onread }, () => socket.write(request));
    socket.once('error', reject);
  });
}

function countEvents(bytes: Buffer): void {
  for (let at = bytes.indexOf('data:'); at >= 0; at = bytes.indexOf('data:', at + 5)) events++;
}

const held: Socket[] = [];
for (const { path, connections } of groups) {
  const all = held.length + connections;
  while (held.length < all) {
    const more = Math.min(AT_A_TIME, all - held.length);
    held.push(...(await Promise.all(Array.from({ length: more }, () => hold(path)))));
  }
}
if (reads === 'slowly') {
  let turn = 0;
  setInterval(
    () => {
      for (let at = turn++ % GROUPS; at < held.length; at += GROUPS) held[at]?.resume();
    },
    1_000 / SLOW_READS / GROUPS,
  );
}
await count(
  asked,
  (counts) => {
    isCounting = counts;
  },
  () => ({ held: held.length, lost, refused, events, bytesRead }),
);
