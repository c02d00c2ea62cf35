// One end of a WebSocket resets its connection while what it says waits for the other, which reads nothing: noticed though nobody
// reads.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { authority, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawServer } from '../helpers/raw-http.ts';
import { noMoreIsTaken, wireTo } from '../helpers/wire.ts';

/** Some 200, some 5,000 where a client that reads nothing might still do so, and many more on a busy machine; by itself it never ends. */
const SOON_MS = 20_000;
/** More than all buffers on the way hold. */
const PIECES = Array.from({ length: 40 }, () => Buffer.alloc(1_000_000, 'x'));
const HANDSHAKE = [
  'GET / HTTP/1.1',
  'host: a',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n';

/** A WebSocket through the gateway whose two ends read nothing. */
async function stalled(scheme: string) {
  const upstream = await rawServer((socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write(SWITCHED);
    });
  });
  const [ca, files] = [await authority(), await pemFolder()];
  const certificates = [await files.putPair('own', await ca.issue({ names: LOOPBACK }))];
  const gateway = await testGateway({
    server: scheme === 'https' ? { tls: { certificates } } : {},
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const wire = await wireTo(gateway);
  const to = { host: '127.0.0.1', port: wire.port };
  const client: Socket = scheme === 'https' ? connectTls({ ...to, ca: ca.cert }) : connect(to);
  client.on('error', () => undefined);
  onTestFinished(() => void client.destroy());
  client.write(HANDSHAKE);
  await new Promise((resolve) => client.once('data', resolve));
  client.pause();
  const [server] = upstream.sockets;
  return { gateway, wire, client, upstream, server: server as Socket };
}

it.each(['http', 'https'])('by %s: the client does', async (scheme) => {
  const { gateway, wire, client, upstream, server } = await stalled(scheme);
  for (const piece of PIECES) client.write(piece);
  await wire.stuck();

  wire.reset();

  await eventually(() => gateway.lines.some(({ status }) => status === 101), SOON_MS);
  server.resume();
  await eventually(() => upstream.sockets.size === 0, SOON_MS);
  expect(await gateway.accessLine(({ status }) => status === 101)).toMatchObject({ reason: 'ok' });
}, 120_000);

it.each(['http', 'https'])('by %s: the upstream does', async (scheme) => {
  const { gateway, server } = await stalled(scheme);
  for (const piece of PIECES) server.write(piece);
  await noMoreIsTaken([server]);

  server.resetAndDestroy();

  await eventually(() => gateway.lines.some(({ status }) => status === 101), SOON_MS);
  expect(await gateway.accessLine(({ status }) => status === 101)).toMatchObject({
    reason: 'upstream_truncated',
  });
}, 120_000);
