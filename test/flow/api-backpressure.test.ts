import { request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawServer } from '../helpers/raw-http.ts';

const MB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');

/** Resolves once a number has stopped growing for a while. */
async function settled(read: () => number): Promise<number> {
  let before = -1;
  let still = 0;
  await eventually(() => {
    const now = read();
    still = now === before && now > 0 ? still + 1 : 0;
    before = now;
    return still > 30;
  });
  return before;
}

/** Writes until the other side takes no more, and again when it does. */
function pour(response: ServerResponse, bytes: number): { written: () => number } {
  let written = 0;
  const more = (): void => {
    while (written < bytes && !response.destroyed) {
      written += PIECE.length;
      if (!response.write(PIECE)) return;
    }
    response.end();
  };
  response.on('drain', more);
  more();
  return { written: () => written };
}

it('a client that does not read stops its upstream from being read', async () => {
  let poured: { written: () => number } | undefined;
  const upstream = await backend((_request, response) => {
    poured = pour(response, 200 * MB);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const { hostname, port } = new URL(gateway.url);
  const client = connect(Number(port), hostname);
  onTestFinished(() => void client.destroy());
  client.pause();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');

  const before = process.memoryUsage();
  const stuck = await settled(() => poured?.written() ?? 0);
  expect(stuck, 'what buffers of sockets hold, and no more').toBeLessThan(32 * MB);
  const after = process.memoryUsage();
  expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(40 * MB);

  let read = 0;
  client.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  client.resume();
  await eventually(() => client.destroyed || client.readableEnded, 20_000);
  expect(read).toBeGreaterThan(200 * MB);
  await gateway.accessLine(({ reason }) => reason === 'ok');
});

it.each(['declared', 'chunked'])('an upstream that does not read stops the upload (%s)', async (how) => {
  const upstream = await rawServer((socket) => void socket.pause());
  const gateway = await testGateway({
    server: { limits: { body: '1gb' } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const { hostname, port } = new URL(gateway.url);
  const headers = how === 'declared' ? { 'content-length': 200 * MB } : { 'transfer-encoding': 'chunked' };
  const sent = request({ hostname, port, method: 'POST', agent: false, headers });
  sent.on('error', () => undefined);
  onTestFinished(() => void sent.destroy());
  let written = 0;
  const more = (): void => {
    while (written < 200 * MB) {
      written += PIECE.length;
      if (!sent.write(PIECE)) return;
    }
  };
  sent.on('drain', more);
  more();
  const stuck = await settled(() => written);
  expect(stuck).toBeLessThan(32 * MB);
  sent.destroy();
  for (const socket of upstream.sockets) socket.resume();
  await eventually(() => upstream.sockets.size === 0);
  await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
});

it('50 clients that do not read take neither memory nor connections from one that does', async () => {
  const upstream = await backend((incoming, response) => {
    if (incoming.url === '/short') response.end('here');
    else pour(response, 20 * MB);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const { hostname, port } = new URL(gateway.url);
  const slow = Array.from({ length: 50 }, () => {
    const client = connect(Number(port), hostname);
    onTestFinished(() => void client.destroy());
    client.pause();
    client.write('GET /long HTTP/1.1\r\nhost: a\r\n\r\n');
    return client;
  });
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 50);
  const started = performance.now();
  expect(await (await fetch(`${gateway.url}/short`)).text()).toBe('here');
  // As if they were not there, and not once they are cut off.
  expect(performance.now() - started).toBeLessThan(10_000);
  for (const client of slow) client.destroy();
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
});
