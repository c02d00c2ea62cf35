// Opens many connections with a request on each and holds them: it takes the answers and is idle, it goes on taking what
// comes, or it reads nothing of them. Not a pool, since that would neither open so many nor leave an answer unread.
import { connect, type Socket } from 'node:net';
import { type ClientOrder, count, order } from './client.ts';

const { groups, reads, ...asked } = order<
  ClientOrder & { groups: { path: string; connections: number }[]; reads: boolean }
>();
const { port, host } = new URL(asked.origin);
const fields = Object.entries({ host, ...asked.headers, 'content-length': String(asked.body.length) });
const lines = fields.map(([name, value]) => `${name}: ${value}`).join('\r\n');
/** So many open at a time: a listener's backlog is no larger. */
const AT_A_TIME = 200;

let lost = 0;
let refused = 0;
let events = 0;
let isCounting = false;

/** Resolves when the answer's first bytes are there: what a holder then does is its business. */
function hold(path: string): Promise<Socket> {
  const request = `${asked.method} ${path} HTTP/1.1\r\n${lines}\r\n\r\n${asked.body}`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(request));
    socket.once('error', reject);
    socket.once('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) refused++;
      socket.off('error', reject);
      socket.once('error', () => lost++);
      socket.once('end', () => lost++);
      if (reads) socket.on('data', (more: Buffer) => isCounting && countEvents(more));
      else socket.pause();
      resolve(socket);
    });
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
await count(
  asked,
  (counts) => {
    isCounting = counts;
  },
  () => ({ held: held.length, lost, refused, events }),
);
