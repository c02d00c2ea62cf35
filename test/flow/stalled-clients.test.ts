import type { ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

const LONG = Buffer.alloc(32 * 1024 * 1024, 'x');

it('clients that take nothing of their answers are cut off, and keep nobody else out; a stream may rest', async () => {
  let stream: ServerResponse | undefined;
  let closed = 0;
  const upstream = await backend((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) closed++;
    });
    if (request.url === '/long') response.end(LONG);
    else if (request.url === '/stream') {
      stream = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    } else response.end('here');
  });
  // So long that on a busy machine all of them are there before the first is cut off.
  const gateway = await testGateway({
    server: { http2: true, timeouts: { send: '8s' }, shed: { maxInFlight: 11 } },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const resting = await rawClient(gateway.url);
  resting.send('GET /stream HTTP/1.1\r\nhost: a\r\n\r\n');
  await resting.until('data: 1');
  for (let i = 0; i < 4; i++) {
    const client = await rawClient(gateway.url);
    client.socket.pause();
    client.send('GET /long HTTP/1.1\r\nhost: a\r\n\r\n');
  }
  // No window for an answer of four bytes, nor for a refusal.
  const session = connect(gateway.url, { settings: { initialWindowSize: 0 } });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  for (const path of ['/short', '/long', '/./'])
    session.request({ ':path': path }).on('error', () => undefined);
  await eventually(async () => (await fetch(`${gateway.url}/short`)).status === 503);

  await eventually(async () => (await fetch(`${gateway.url}/short`)).status === 200, 30_000);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1, 30_000);
  const cut = gateway.lines.filter(({ reason }) => reason === 'client_cancelled');
  expect(cut).toHaveLength(7);
  for (const line of cut) expect(line.detail).toBe('the client took nothing of its answer for 8000 ms');
  await eventually(() => closed === 5);

  stream?.end('data: 2\n\n');
  await resting.until('data: 2');
});
