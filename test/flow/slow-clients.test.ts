import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { authority, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

const CLIENTS = 500;

it.each([
  ['heads of HTTP/1.1', 'plain', 'GET /x HTTP/1.1\r\nhost: a\r\n'],
  ['prefaces of HTTP/2', 'h2c', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS handshakes', 'tls', '\x16\x03\x01\x02\x00'],
])('500 clients with slow %s are gone in time, and a fresh one is served meanwhile', async (_what, kind, begin) => {
  const upstream = await backend((_request, response) => response.end('ok'));
  const [ca, files] = [await authority(), await pemFolder()];
  const pair = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const gateway = await testGateway({
    server: {
      timeouts: { headers: '2s' },
      http2: kind === 'h2c',
      ...(kind === 'tls' ? { tls: { certificates: [pair] } } : {}),
    },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const { port, hostname } = new URL(gateway.url);
  const began = performance.now();
  let open = 0;
  const sockets: Socket[] = [];
  await Promise.all(
    Array.from(
      { length: CLIENTS },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect({ port: Number(port), host: hostname }, () => {
            open++;
            socket.write(begin, 'latin1');
            resolve();
          });
          sockets.push(socket);
          socket
            .on('error', () => undefined)
            .resume()
            .once('close', () => open--);
        }),
    ),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  if (kind !== 'tls') expect(await (await fetch(`${gateway.url}/x`)).text()).toBe('ok');
  expect(open).toBeGreaterThan(0);
  await eventually(() => open === 0, 20_000);
  // Two seconds for a head, one until it is looked for, five for a client that does not close its side.
  expect(performance.now() - began).toBeLessThan(15_000);
});
