import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawClient, rawServer } from '../helpers/raw-http.ts';

it('an event stream’s head comes before its first event, and each event by itself', async () => {
  let stream: ServerResponse | undefined;
  const upstream = await backend((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders();
    stream = response;
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'events', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const head = await client.until('\r\n\r\n');
  expect(head).toContain('content-type: text/event-stream; charset=utf-8');
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(1);
  for (const event of ['data: 1\n\n', 'data: 2\n\n', ': still here\n\n']) {
    expect(client.text).not.toContain(event);
    stream?.write(event);
    await client.until(event);
  }
  stream?.end();
  const [answer] = await client.untilClosed();
  expect(answer?.body.endsWith('\r\n0\r\n\r\n')).toBe(true);
  await gateway.accessLine(({ reason, route }) => reason === 'ok' && route === 'events');
  expect(await gateway.metric('gateway_requests_in_flight')).toBe(0);
});

it('any other answer goes on as it comes, too', async () => {
  let stream: ServerResponse | undefined;
  const upstream = await backend((_request, response) => {
    response.write('first');
    stream = response;
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('first');
  stream?.write('second');
  await client.until('second');
  stream?.end();
  await eventually(() => client.text.endsWith('\r\n0\r\n\r\n'));
});

it('chunks that came together go on together, and with their head', async () => {
  const chunks = Array.from({ length: 50 }, (_, at) => `1\r\n${at % 10}\r\n`).join('');
  const upstream = await rawServer((socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
      socket.write('0\r\n\r\n');
    });
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const [answer] = await client.untilClosed();
  expect(answer?.body).toBe(`32\r\n${'0123456789'.repeat(5)}\r\n0\r\n\r\n`);
});

it('both directions may run at once', async () => {
  const upstream = await backend((request, response) => {
    request.on('data', (chunk: Buffer) => response.write(`got ${chunk}`)).on('end', () => response.end());
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n');
  for (const part of ['one', 'two', 'six']) {
    client.send(`3\r\n${part}\r\n`);
    await client.until(`got ${part}`);
  }
  client.send('0\r\n\r\n');
  expect((await client.untilClosed())[0]?.status).toBe(200);
});

/** What stands behind a whole event when the upstream dies, by path. */
const TORN: Readonly<Record<string, string>> = {
  '/whole': '',
  '/in-a-line': 'data: ha',
  '/between-lines': 'id: 7\ndata: half\n',
  '/in-a-comment': ': he',
  '/behind-a-comment': ': here\n',
  '/long': `data: ${'x'.repeat(70_000)} end of the piece`,
};

it('an event stream that breaks off ends with an event that says so, also inside of one; of a very long one, without an end', async () => {
  const streams: ServerResponse[] = [];
  const upstream = await backend((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: 1\n\n${TORN[request.url ?? ''] ?? ''}`);
    streams.push(response);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'events', match: { path: '/*' }, upstream: 'up' }],
  });
  const clients = await Promise.all(
    Object.keys(TORN).map(async (path) => {
      const client = await rawClient(gateway.url);
      client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      await client.until('data: 1\n\n');
      return { path, client };
    }),
  );
  await clients.find(({ path }) => path === '/long')?.client.until('end of the piece');
  for (const stream of streams) stream.destroy();
  for (const { path, client } of clients) {
    await client.untilClosed();
    if (path === '/long') {
      expect(client.text).not.toContain('event: error');
      expect(client.text.endsWith('\r\n0\r\n\r\n')).toBe(false);
      continue;
    }
    // What of an event had come is nobody's: behind whole events stands the gateway's own.
    expect(client.text, path).toMatch(
      /data: 1\n\n(?:: here\n)?\r\n\w+\r\nevent: error\ndata: \{.*"code":"upstream_truncated".*\}\n\n\r\n0\r\n\r\n$/s,
    );
  }
  await eventually(
    () => gateway.lines.filter(({ reason }) => reason === 'upstream_truncated').length === clients.length,
  );
});

it('an event stream keeps its bytes: events that come in pieces, comments at once, and a last one without an end', async () => {
  let stream: ServerResponse | undefined;
  const upstream = await backend((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    stream = response;
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'events', match: { path: '/*' }, upstream: 'up' }],
  });
  const answer = await fetch(gateway.url);
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<string | undefined> => (await reader.read()).value;
  stream?.write(': still here\n');
  expect(await next()).toBe(': still here\n');
  stream?.write('data: 1\n\ndata: t');
  expect(await next()).toBe('data: 1\n\n');
  stream?.write('wo\n\n');
  expect(await next()).toBe('data: two\n\n');
  stream?.end('data: three\n');
  expect(await next()).toBe('data: three\n');
});
