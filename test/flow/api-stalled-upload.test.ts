// A client resets its connection while its upload waits for an upstream that reads nothing: noticed though nobody reads.
import { type OutgoingHttpHeaders, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestTls } from 'node:https';
import type { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { authority, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawServer } from '../helpers/raw-http.ts';
import { wireTo } from '../helpers/wire.ts';

/** Some 200, and many more on a busy machine; by itself a request ends after a minute (`timeouts.response`). */
const SOON_MS = 5000;
const LENGTH = 50_000_000;
/** All but the end of it, and more than all buffers on the way hold. */
const PIECES = Array.from({ length: 40 }, () => Buffer.alloc(1_000_000, 'x'));
const BEGUN = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n';

/** A request whose body is still to be written. */
function begin(url: string, version: 1 | 2, headers: OutgoingHttpHeaders, ca: string): Writable {
  if (version === 2) {
    const session = connectHttp2(url, { ca });
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
    return session.request({ ':method': 'POST', ':path': '/', ...headers });
  }
  const options = { method: 'POST', headers, agent: false as const, ca };
  return url.startsWith('https:') ? requestTls(url, options) : request(url, options);
}

const DECLARED = { 'content-length': LENGTH };

it.each<['http' | 'https', 1 | 2, OutgoingHttpHeaders, number]>([
  ['http', 1, DECLARED, 499],
  ['http', 1, {}, 499],
  ['http', 1, {}, 200],
  ['http', 2, {}, 499],
  ['https', 1, DECLARED, 499],
  ['https', 1, {}, 499],
  ['https', 1, {}, 200],
  ['https', 2, {}, 499],
])('by %s, HTTP/%i, %j, before or after the first byte of its answer (%i)', async (scheme, version, headers, status) => {
  const upstream = await rawServer((socket) => {
    socket.once('data', () => {
      socket.pause();
      if (status === 200) socket.write(BEGUN);
    });
  });
  const [ca, files] = [await authority(), await pemFolder()];
  const certificates = [await files.putPair('own', await ca.issue({ names: LOOPBACK }))];
  const gateway = await testGateway({
    server: {
      limits: { body: '100mb' },
      http2: version === 2,
      ...(scheme === 'https' && { tls: { certificates } }),
    },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const wire = await wireTo(gateway);
  const upload = begin(`${scheme}://127.0.0.1:${wire.port}/`, version, headers, ca.cert);
  upload.on('error', () => undefined);
  for (const piece of PIECES) upload.write(piece);
  await eventually(() => upstream.sockets.size === 1);
  await wire.stuck();

  const [carrying] = upstream.sockets;
  const started = performance.now();
  wire.reset();

  await gateway.accessLine((line) => line.reason === 'client_cancelled' && line.status === status);
  expect(performance.now() - started).toBeLessThan(SOON_MS);
  carrying?.resume();
  await eventually(() => carrying?.destroyed);
});
