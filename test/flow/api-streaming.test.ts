import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

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

it('an event stream that breaks off ends with an event that says so; inside of an event, without an end', async () => {
  const streams: ServerResponse[] = [];
  const upstream = await backend((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(request.url === '/whole' ? 'data: 1\n\n' : 'data: 1\n\ndata: ha');
    streams.push(response);
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'events', match: { path: '/*' }, upstream: 'up' }],
  });
  const [whole, torn] = await Promise.all([rawClient(gateway.url), rawClient(gateway.url)]);
  whole.send('GET /whole HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  torn.send('GET /torn HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await Promise.all([whole.until('data: 1\n\n'), torn.until('data: ha')]);
  for (const stream of streams) stream.destroy();
  await Promise.all([whole.untilClosed(), torn.untilClosed()]);
  expect(whole.text).toMatch(
    /data: 1\n\n.*event: error\ndata: \{.*"code":"upstream_truncated".*\}\n\n\r\n0\r\n\r\n$/s,
  );
  expect(torn.text).not.toContain('event: error');
  expect(torn.text.endsWith('\r\n0\r\n\r\n')).toBe(false);
  await eventually(() => gateway.lines.filter(({ reason }) => reason === 'upstream_truncated').length === 2);
});
