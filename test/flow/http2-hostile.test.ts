import { connect } from 'node:http2';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { END_HEADERS, END_STREAM, FRAME, fields, frame, GET } from '../helpers/http2-frames.ts';
import { parseAnswers, rawClient, rawExchange } from '../helpers/raw-http.ts';
import { rawHttp2 } from '../helpers/raw-http2.ts';

async function house(
  server: object = {},
): Promise<{ gateway: TestGateway; seen: string[]; running: () => number }> {
  const seen: string[] = [];
  let running = 0;
  const upstream = await backend((request, response) => {
    seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    running++;
    response.once('close', () => running--);
    if (request.url !== '/slow') request.resume().once('end', () => response.end('ok'));
  });
  const gateway = await testGateway({
    server: { http2: true, ...server },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [
      { name: 'open', match: { path: '/*' }, upstream: 'up' },
      { name: 'closed', match: { path: '/admin/*' }, upstream: 'up', policies: [{ 'auth-api-key': {} }] },
    ],
    consumers: [{ name: 'app', keys: [{ id: 'k', sha256: 'ab'.repeat(32) }] }],
  });
  return { gateway, seen, running: () => running };
}

const head = (stream: number, list: readonly [string, string][], flags = END_STREAM | END_HEADERS): Buffer =>
  frame(FRAME.headers, flags, stream, fields(...list));
const without = (name: string): [string, string][] => GET.filter(([field]) => field !== name);

/** It serves both protocols, nothing hangs in it, and no fault was logged. */
async function isHealthy(gateway: TestGateway): Promise<void> {
  expect(await (await fetch(`${gateway.url}/after`)).text()).toBe('ok');
  const session = connect(gateway.url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':path': '/after' });
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  expect(body).toBe('ok');
  session.close();
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  expect(gateway.lines.filter(({ level }) => level === 'error')).toEqual([]);
}

it.each([
  ['a pseudo header twice', [...GET, [':path', '/admin/x']]],
  ['no path', without(':path')],
  ['an empty path', [...without(':path'), [':path', '']]],
  ['no method', without(':method')],
  ['a pseudo header behind a field', [...without(':path'), ['x-a', '1'], [':path', '/x']]],
  ['an unknown pseudo header', [...GET, [':evil', '1']]],
  ['a name in upper case', [...GET, ['X-Evil', '1']]],
  ['a line break in a value', [...GET, ['x-a', '1\r\nx-evil: 1']]],
  ['a line break in a name', [...GET, ['x-a\r\nx-evil', '1']]],
  ['a colon in a name', [...GET, ['x-evil:', '1']]],
  ['a zero byte', [...GET, ['x-evil', 'a\0b']]],
  ['a Connection header', [...GET, ['connection', 'x-evil'], ['x-evil', '1']]],
  ['a Transfer-Encoding header', [...GET, ['transfer-encoding', 'chunked'], ['x-evil', '1']]],
  ['TE beyond trailers', [...GET, ['te', 'gzip'], ['x-evil', '1']]],
  ['a length that is none', [...GET, ['content-length', '1x'], ['x-evil', '1']]],
  ['no authority', [...without(':authority'), ['x-evil', '1']]],
  ['an authority that is no host', [...without(':authority'), [':authority', 'a/b'], ['x-evil', '1']]],
  ['credentials in the authority', [...without(':authority'), [':authority', 'a:b@c'], ['x-evil', '1']]],
  ['a path that is a URL', [...without(':path'), [':path', 'http://a/admin/x']]],
  ['a path that is none', [...without(':path'), [':path', '*'], ['x-evil', '1']]],
  ['two lengths', [...GET, ['content-length', '0'], ['content-length', '5'], ['x-evil', '1']]],
] as [string, [string, string][]][])('%s never gets to the upstream', async (_what, list) => {
  const { gateway, seen } = await house();
  const client = await rawHttp2(gateway.url);
  client.send(head(1, list));
  await eventually(() =>
    client
      .frames()
      .some(({ type, stream }) => (stream === 1 && type !== FRAME.window) || type === FRAME.goaway),
  );
  // A field that is not valid may be left out of the request, never passed on.
  expect(seen.filter((request) => request.includes('evil') || request.includes('/admin'))).toEqual([]);
  await isHealthy(gateway);
});

it('an authority and another host: 400', async () => {
  const { gateway, seen } = await house();
  (await rawHttp2(gateway.url)).send(head(1, [...GET, ['host', 'b']]));
  expect(await gateway.accessLine(() => true)).toMatchObject({ status: 400, reason: 'host_invalid' });
  expect(seen).toEqual([]);
});

it.each([
  '/admin',
  '//admin/x',
  '/./admin/x',
  '/y/../admin/x',
  '/%61dmin/x',
  '/%2e%2e/admin/x',
  '/a%2fb/../admin/x',
  '/admin%2fx',
  '/a%00b',
  '/a\\..\\admin',
  '/%2561dmin',
  '/x#/admin',
])('the path %s is one path to the guard and to the upstream', async (path) => {
  const { gateway, seen } = await house();
  (await rawHttp2(gateway.url)).send(head(1, [...without(':path'), [':path', path]]));
  const line = await gateway.accessLine(() => true);
  for (const request of seen) expect(request).not.toMatch(/^GET \/+(\.+\/)*(%61|a)dmin/i);
  expect([200, 400, 401]).toContain(line.status);
});

it('a host that is said twice but the same is one host', async () => {
  const { gateway, seen } = await house();
  (await rawHttp2(gateway.url)).send(head(1, [...GET, ['host', 'a']]));
  expect(await gateway.accessLine(() => true)).toMatchObject({ status: 200 });
  expect(seen[0]).toContain('"host":"a"');
  expect(seen[0]).not.toMatch(/":(authority|path|method|scheme)"/);
});

it('a tunnel is refused like every target that is no path', async () => {
  const { gateway } = await house();
  const client = await rawHttp2(gateway.url);
  client.send(
    head(1, [
      [':method', 'CONNECT'],
      [':authority', 'a:1'],
    ]),
  );
  expect(await gateway.accessLine(() => true)).toMatchObject({ method: 'CONNECT', status: 400 });
});

it('a head over the limit is answered 431; one far over it costs its connection or stream, and no memory', async () => {
  const { gateway, seen } = await house({ limits: { header: '4kb' } });
  const client = await rawHttp2(gateway.url);
  client.send(head(1, [...GET, ['x-a', 'x'.repeat(5000)]]));
  const line = await gateway.accessLine(({ status }) => status === 431);
  expect(line).toMatchObject({ reason: 'headers_too_large' });
  // Node holds a client to its settings once it has said that it knows them.
  client.send(frame(FRAME.settings, 1, 0));
  client.send(head(3, GET, END_STREAM));
  const block = fields(['x-a', 'x'.repeat(15_000)]);
  for (let i = 1; i <= 5; i++) client.send(frame(FRAME.continuation, i === 5 ? END_HEADERS : 0, 3, block));
  await eventually(
    () => client.closed || client.frames().some(({ type, stream }) => type === FRAME.reset && stream === 3),
  );
  expect(seen).toEqual([]);
  await isHealthy(gateway);
});

it('a head that is small on the wire and large once it is unpacked costs its stream', async () => {
  const { gateway, seen } = await house();
  const client = await rawHttp2(gateway.url);
  // A literal that is remembered (RFC 7541 section 6.2.1), then named again and again by its index.
  const [name, value] = ['x-bomb', 'x'.repeat(3900)];
  const remembered = fields([name, value]);
  remembered[0] = 0x40;
  client.send(frame(FRAME.headers, END_STREAM | END_HEADERS, 1, Buffer.concat([fields(...GET), remembered])));
  await gateway.accessLine(() => true);
  client.send(
    frame(
      FRAME.headers,
      END_STREAM | END_HEADERS,
      3,
      Buffer.concat([fields(...GET), Buffer.alloc(16_000, 0xbe)]),
    ),
  );
  await eventually(
    () => client.closed || client.frames().some(({ type, stream }) => type === FRAME.reset && stream === 3),
  );
  expect(seen).toHaveLength(1);
  await isHealthy(gateway);
});

it('a flood of CONTINUATION frames ends its connection', async () => {
  const { gateway } = await house();
  const client = await rawHttp2(gateway.url);
  client.send(head(1, GET, 0));
  for (let i = 0; i < 5_000 && !client.closed; i++) {
    client.send(frame(FRAME.continuation, 0, 1, fields(['x-a', 'x'.repeat(1000)])));
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await client.untilClosed();
  expect(await gateway.accessLine(() => true)).toMatchObject({ reason: 'request_malformed' });
  await isHealthy(gateway);
});

it('streams that are opened and reset at once end their connection (CVE-2023-44487); nothing of them runs on', async () => {
  const { gateway, seen, running } = await house();
  const client = await rawHttp2(gateway.url);
  const cancel = Buffer.from([0, 0, 0, 8]);
  for (let i = 0; i < 5_000 && !client.closed; i++) {
    const stream = 2 * i + 1;
    client.send(
      Buffer.concat([
        head(stream, [...without(':path'), [':path', '/slow']]),
        frame(FRAME.reset, 0, stream, cancel),
      ]),
    );
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await client.untilClosed();
  expect(seen.length).toBeLessThan(1_000);
  await eventually(() => running() === 0);
  await isHealthy(gateway);
});

it('more streams at once than allowed are refused, and those that run go on', async () => {
  const { gateway } = await house({ limits: { streams: 10 } });
  const client = await rawHttp2(gateway.url);
  await client.until('\0');
  client.send(frame(FRAME.settings, 1, 0));
  for (let i = 0; i < 30; i++) client.send(head(2 * i + 1, [...without(':path'), [':path', '/slow']]));
  await eventually(
    () => client.closed || client.frames().filter(({ type }) => type === FRAME.reset).length >= 20,
  );
  expect(await gateway.metric('gateway_requests_in_flight')).toBeLessThanOrEqual(10);
  client.socket.destroy();
  await isHealthy(gateway);
});

it('who never says a whole head, and who sends a body too slowly, is cut off', async () => {
  const { gateway } = await house({ timeouts: { headers: '1s', request: '2s' } });
  const silent = await rawClient(gateway.url);
  const prefix = await rawClient(gateway.url);
  prefix.send('PR');
  const greeting = await rawHttp2(gateway.url);
  const half = await rawHttp2(gateway.url);
  half.send(head(1, GET, 0));
  const http1 = await rawClient(gateway.url);
  http1.send('GET / HTTP/1.1\r\nhost: a\r\n');
  const slow = await rawHttp2(gateway.url);
  slow.send(head(1, [[':method', 'POST'], ...without(':method')], END_HEADERS));
  slow.send(frame(FRAME.data, 0, 1, Buffer.from('x')));
  const line = await gateway.accessLine(({ method }) => method === 'POST');
  expect(line).toMatchObject({ status: 408, reason: 'request_timeout' });
  await Promise.all(
    [silent, prefix, greeting, half].map((client) => eventually(() => client.closed, 15_000)),
  );
  expect((await http1.untilClosed())[0]).toMatchObject({ status: 408 });
  await isHealthy(gateway);
});

it('a body that breaks off never looks whole to the upstream', async () => {
  const bodies: string[] = [];
  const upstream = await backend((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      bodies.push(body);
      response.end();
    });
    request.on('error', () => undefined);
  });
  const gateway = await testGateway({
    server: { http2: true },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const post: [string, string][] = [[':method', 'POST'], ...without(':method')];
  const client = await rawHttp2(gateway.url);
  client.send(head(1, post, END_HEADERS));
  client.send(frame(FRAME.data, 0, 1, Buffer.from('half')));
  client.send(head(3, [...post, ['content-length', '10']], END_HEADERS));
  client.send(frame(FRAME.data, 0, 3, Buffer.from('half')));
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 2);
  client.send(frame(FRAME.reset, 0, 1, Buffer.from([0, 0, 0, 8])));
  client.send(frame(FRAME.data, END_STREAM, 3, Buffer.from('!')));
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
  expect(bodies).toEqual([]);
});

it('without http2 the preface is no request, and nothing of it is served', async () => {
  const { gateway, seen } = await house({ http2: false });
  const answers = await rawExchange(gateway.url, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  expect(answers[0]).toMatchObject({ status: 400 });
  expect(seen).toEqual([]);
  expect(parseAnswers(answers[0]?.body ?? '')).toEqual([]);
});
