import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { loopTurns } from '../helpers/loop-turns.ts';
import { rawClient, rawServer } from '../helpers/raw-http.ts';

const routed = (url: string, policies: object[] = []): Promise<TestGateway> =>
  testGateway({
    upstreams: { up: { targets: [{ url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', policies }],
  });

it.each([
  ['the plain way', []],
  ['through policies', [{ 'response-cache': { ttl: '1m' } }]],
])('early hints reach the client before the answer, without what is none of its business (%s)', async (_way, policies) => {
  const upstream = await backend((_request, response) => {
    response.writeEarlyHints({
      link: ['</style.css>; rel=preload; as=style', '</app.js>; rel=preload; as=script'],
      'x-internal': 'secret',
    });
    response.writeEarlyHints({ link: '</late.css>; rel=preload' });
    response.end('ok');
  });
  const gateway = await routed(upstream.url, policies);
  const hints: unknown[] = [];
  const body = await new Promise((resolve, reject) => {
    const sent = request(gateway.url, { agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    });
    sent.on('information', ({ statusCode, headers }) => hints.push([statusCode, headers]));
    sent.on('error', reject).end();
  });
  expect(body).toBe('ok');
  expect(hints).toEqual([
    [103, { link: '</style.css>; rel=preload; as=style, </app.js>; rel=preload; as=script' }],
    [103, { link: '</late.css>; rel=preload' }],
  ]);
});

it('a hint that is none, and other interim answers, are left out', async () => {
  const upstream = await rawServer((socket) => {
    socket.once('data', () =>
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nlink: nonsense\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n' +
          'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      ),
    );
  });
  const gateway = await routed(upstream.url);
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const answers = await client.untilClosed();
  expect(client.text.startsWith('HTTP/1.1 200')).toBe(true);
  expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'ok']]);
});

it('an upstream may say 100 Continue though nobody asked it to', async () => {
  const final = 'HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n';
  // Looks like a status line, and is the body, in a piece of its own.
  const body = 'HTTP/1.1 100 Continue in a body';
  const upstream = await rawServer((socket) => {
    let asked = 0;
    socket.on('data', () => {
      const pieces = [
        [`HTTP/1.1 100 Continue\r\n\r\n${final}`, body.slice(0, 30)],
        ['HTTP/1.1 100 Continue\r\n\r\n', final, body.slice(0, 30)],
        [
          `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\nx-a: b\r\n\r\n${final}`,
          body.slice(0, 30),
        ],
        [
          'HTTP/1.1 200 OK\r\nx-a: ',
          'HTTP/1.1 100 Continue\r\ncontent-length: 30\r\n\r\n',
          body.slice(0, 30),
        ],
      ][asked++] as string[];
      const send = (): void => {
        const piece = pieces.shift();
        if (piece !== undefined) socket.write(piece, () => setTimeout(send, 30));
      };
      send();
    });
  });
  const gateway = await routed(upstream.url);
  for (const value of [null, null, null, 'HTTP/1.1 100 Continue']) {
    const answer = await fetch(gateway.url);
    expect([answer.status, answer.headers.get('x-a')]).toEqual([200, value]);
    expect(await answer.text()).toBe(body.slice(0, 30));
  }
  expect(upstream.sockets.size, 'all on one connection').toBe(1);
});

it('one that comes in crumbs is an upstream’s fault', async () => {
  const upstream = await rawServer((socket) => {
    socket.setNoDelay();
    socket.once('data', () => {
      socket.write('HTTP/1.', async () => {
        await pause(30);
        // The gateway has read the first crumb by itself.
        await loopTurns();
        socket.write('1 100 Continue\r\n\r\n');
      });
    });
  });
  const gateway = await routed(upstream.url);
  expect((await fetch(gateway.url)).status).toBe(502);
  await gateway.accessLine(({ reason, detail }) => reason === 'upstream_invalid' && detail !== undefined);
});

it('interim answers without end are an upstream’s fault, and end', async () => {
  const upstream = await rawServer((socket) => {
    socket.once('data', () => {
      for (let i = 0; i < 100; i++) socket.write('HTTP/1.1 102 Processing\r\n\r\n');
    });
  });
  const gateway = await routed(upstream.url);
  expect((await fetch(gateway.url)).status).toBe(502);
  await gateway.accessLine(({ reason }) => reason === 'upstream_invalid');
});

it('trailers come after the body, those that a client must not believe there don’t', async () => {
  const upstream = await backend((_request, response) => {
    response.writeHead(200, { trailer: 'x-sum, set-cookie, x-also' });
    response.write('some');
    response.addTrailers({ 'x-sum': '4', 'set-cookie': 'a=b', 'x-also': 'a', 'x-unannounced': 'u' });
    response.end();
  });
  const gateway = await routed(upstream.url);
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await client.untilClosed();
  expect(client.text).toMatch(/\r\ntrailer: x-sum, x-also\r\n/i);
  expect(client.text.endsWith('\r\n0\r\nx-sum: 4\r\nx-also: a\r\nx-unannounced: u\r\n\r\n')).toBe(true);
});

it('an HTTP/1.0 client gets neither hints nor trailers, and half an answer is cut, not ended', async () => {
  const upstream = await backend((incoming, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.write('some');
    response.addTrailers({ 'x-sum': '4' });
    if (incoming.url === '/half') setImmediate(() => response.destroy());
    else response.end();
  });
  const gateway = await routed(upstream.url);
  const client = await rawClient(gateway.url);
  client.send('GET / HTTP/1.0\r\nhost: a\r\n\r\n');
  const [answer] = await client.untilClosed();
  expect(client.text.startsWith('HTTP/1.1 200')).toBe(true);
  expect(answer?.body).toBe('some');

  const cut = await rawClient(gateway.url);
  let error: NodeJS.ErrnoException | undefined;
  cut.socket.on('error', (raised) => {
    error = raised;
  });
  cut.send('GET /half HTTP/1.0\r\nhost: a\r\n\r\n');
  await cut.untilClosed();
  expect(error?.code, 'a reset, since an end would mean that this is all').toBe('ECONNRESET');
});
