// Opens many connections with a request on each and holds them: it takes the answers and is idle, or it reads nothing of
// them. Not a pool, since that would neither open so many nor leave an answer unread.
import { connect, type Socket } from 'node:net';
import { type ClientOrder, count, order } from './client.ts';

const { connections, reads, ...asked } = order<ClientOrder & { connections: number; reads: boolean }>();
const { port, host } = new URL(asked.origin);
const fields = Object.entries({ host, ...asked.headers, 'content-length': String(asked.body.length) });
const lines = fields.map(([name, value]) => `${name}: ${value}`).join('\r\n');
const request = `${asked.method} ${asked.path} HTTP/1.1\r\n${lines}\r\n\r\n${asked.body}`;
/** So many open at a time: a listener's backlog is no larger. */
const AT_A_TIME = 200;

let lost = 0;
let refused = 0;

/** Resolves when the answer's first bytes are there: what a holder then does is its business. */
function hold(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(request));
    socket.once('error', reject);
    socket.once('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) refused++;
      socket.off('error', reject);
      socket.once('error', () => lost++);
      socket.once('end', () => lost++);
      if (reads) socket.resume();
      else socket.pause();
      resolve(socket);
    });
  });
}

const held: Socket[] = [];
while (held.length < connections) {
  const more = Math.min(AT_A_TIME, connections - held.length);
  held.push(...(await Promise.all(Array.from({ length: more }, hold))));
}
await count(
  asked,
  () => undefined,
  () => ({ held: held.length, lost, refused }),
);
