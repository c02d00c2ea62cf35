import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { expect, it, onTestFinished } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { type Backend, backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';

const house = (upstream: Backend, server: object = {}): Promise<TestGateway> =>
  testGateway({
    server: { http2: true, ...server },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });

function open(gateway: { url: string }): ClientHttp2Session {
  const session = connect(gateway.url);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const head = new Promise<IncomingHttpHeaders>((resolve, reject) =>
    stream.once('response', resolve).once('error', reject),
  );
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve, reject) => stream.once('end', resolve).once('error', reject));
  return { headers: await head, body: Buffer.concat(chunks).toString() };
}

it('requests on one connection are requests like any other, each with its own record', async () => {
  const seen: string[] = [];
  const upstream = await backend((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers.cookie} ${body}`);
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.setHeader('connection', 'x-internal');
      response.setHeader('x-internal', '1');
      response.end(request.method === 'HEAD' ? undefined : `answer ${body.length}`);
    });
  });
  const gateway = await house(upstream);
  const session = open(gateway);
  const [get, posted, declared, head] = await Promise.all([
    ask(session, { ':path': '/a?b=1', ':authority': 'shop.example', cookie: ['x=1', 'y=2'] }),
    ask(session, { ':path': '/p', ':method': 'POST', ':authority': 'shop.example' }, 'x'.repeat(200_000)),
    ask(
      session,
      { ':path': '/d', ':method': 'PUT', 'content-length': 5, ':authority': 'shop.example' },
      'hello',
    ),
    ask(session, { ':path': '/h', ':method': 'HEAD', ':authority': 'shop.example' }),
  ]);
  expect(get.body).toBe('answer 0');
  expect(get.headers).toMatchObject({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] });
  for (const name of ['connection', 'x-internal', 'keep-alive', 'transfer-encoding'])
    expect(get.headers).not.toHaveProperty(name);
  expect([posted.body, declared.body, head.body]).toEqual(['answer 200000', 'answer 5', '']);
  expect(seen.map((request) => request.slice(0, 40).trim()).sort()).toEqual([
    'GET /a?b=1 shop.example x=1; y=2',
    'HEAD /h shop.example undefined',
    `POST /p shop.example undefined ${'x'.repeat(9)}`,
    'PUT /d shop.example undefined hello',
  ]);
  const lines = await eventually(() => {
    const all = gateway.lines.filter(({ msg }) => msg === 'request');
    return all.length === 4 && all;
  });
  const post = lines.find(({ method }) => method === 'POST');
  expect(post).toMatchObject({ status: 200, reason: 'ok', bytes_out: 'answer 200000'.length });
  expect(Number(post?.bytes_in)).toBeGreaterThan(200_000);
});

it('what is no ASCII comes as it is, and its bytes are counted', async () => {
  const said = 'Grüße, 世界';
  const upstream = await backend((_request, response) => {
    response.setHeader('content-length', Buffer.byteLength(said)).end(said);
  });
  const gateway = await house(upstream);
  expect((await ask(open(gateway), { ':path': '/' })).body).toBe(said);
  expect(await (await fetch(gateway.url)).text()).toBe(said);
  const line = await gateway.accessLine(({ msg }) => msg === 'request');
  expect(line.bytes_out).toBe(Buffer.byteLength(said));
});

it('HTTP/1.1 and WebSocket are served on the same port', async () => {
  const upstream = await backend((_request, response) => response.end('ok'));
  new WebSocketServer({ server: upstream.server }).on('connection', (socket) => socket.send('hello'));
  const gateway = await house(upstream);
  expect(await (await fetch(gateway.url, { method: 'POST', body: 'x'.repeat(100_000) })).text()).toBe('ok');
  const socket = new WebSocket(gateway.url.replace('http', 'ws'));
  expect(await new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))).toBe(
    'hello',
  );
  socket.close();
  expect((await ask(open(gateway), { ':path': '/livez' })).headers[':status']).toBe(200);
});

it('a client that resets its stream ends the call upstream, before and after the first byte; its other streams go on', async () => {
  const ended: string[] = [];
  let finish: () => void = () => undefined;
  const upstream = await backend((request, response) => {
    response.on('close', () => ended.push(String(request.url)));
    if (request.url === '/begun') response.write('first');
    if (request.url === '/other') finish = () => response.end('ok');
  });
  const gateway = await house(upstream);
  const session = open(gateway);
  const other = ask(session, { ':path': '/other' });
  const silent = session.request({ ':path': '/silent' });
  const begun = session.request({ ':path': '/begun' });
  await new Promise((resolve) => begun.once('data', resolve));
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 3);
  silent.close(8);
  begun.close(8);
  await eventually(() => ended.includes('/silent') && ended.includes('/begun'));
  finish();
  expect((await other).body).toBe('ok');
  expect(await gateway.accessLine(({ path }) => path === '/silent')).toMatchObject({
    status: 499,
    reason: 'client_cancelled',
  });
  expect(await gateway.accessLine(({ path }) => path === '/begun')).toMatchObject({
    status: 200,
    reason: 'client_cancelled',
  });
});

it('a client that closes its connection in the middle of a request ends the call upstream', async () => {
  let closed = 0;
  const upstream = await backend((request, response) => {
    request.on('error', () => undefined).resume();
    response.on('close', () => closed++);
  });
  const gateway = await house(upstream);
  const session = open(gateway);
  const upload = session.request({ ':path': '/', ':method': 'POST' });
  upload.on('error', () => undefined).write('half');
  session.request({ ':path': '/' }).on('error', () => undefined);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 2);
  session.destroy();
  await eventually(() => closed === 2);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 0);
});

it('an upload that is refused ends, and the connection serves on', async () => {
  const upstream = await backend((request, response) =>
    request.resume().once('end', () => response.end('ok')),
  );
  const gateway = await house(upstream, { limits: { body: '10kb' } });
  const session = open(gateway);
  for (const headers of [{}, { 'content-length': 3_000_000 }]) {
    const { headers: answer } = await ask(
      session,
      { ':path': '/', ':method': 'POST', ...headers },
      'x'.repeat(3_000_000),
    );
    expect(answer[':status']).toBe(413);
  }
  expect((await ask(session, { ':path': '/', ':method': 'POST' }, 'small')).body).toBe('ok');
});

it('a slow reader slows its upstream, and nobody else', async () => {
  let written = 0;
  const upstream = await backend((request, response) => {
    if (request.url !== '/big') return void response.end('ok');
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (written < 64 * 1024 ** 2) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const gateway = await house(upstream);
  const session = open(gateway);
  const slow = session.request({ ':path': '/big' });
  await new Promise((resolve) => slow.once('response', resolve));
  let before = -1;
  await eventually(async () => {
    const still = written === before;
    before = written;
    await ask(session, { ':path': '/small' });
    return still;
  });
  expect(written).toBeLessThan(16 * 1024 ** 2);
  slow.close(8);
});

it('at the end clients are told to go, what runs finishes, and what runs too long hears why', async () => {
  const finish: (() => void)[] = [];
  const upstream = await backend((request, response) => {
    if (request.url === '/finishes') finish.push(() => response.end('late'));
  });
  const gateway = await house(upstream, { timeouts: { drain: '4s' } });
  const session = open(gateway);
  const idle = open(gateway);
  await ask(idle, { ':path': '/livez' });
  const [late, endless] = [ask(session, { ':path': '/finishes' }), ask(session, { ':path': '/endless' })];
  await eventually(() => finish.length === 1);
  const told = new Promise((resolve) => session.once('goaway', resolve));
  const gone = new Promise((resolve) => idle.once('close', resolve));
  const closing = gateway.close();
  await Promise.all([told, gone]);
  for (const end of finish) end();
  expect((await late).body).toBe('late');
  const { headers, body } = await endless;
  expect(headers[':status']).toBe(503);
  expect(JSON.parse(body)).toMatchObject({ code: 'draining' });
  expect(await closing).toBe(1);
});

it('a reload is noticed by nobody on an open connection', async () => {
  const upstream = await backend((_request, response) => response.end('ok'));
  const gateway = await house(upstream);
  const session = open(gateway);
  expect((await ask(session, { ':path': '/' })).body).toBe('ok');
  await gateway.write({
    server: { http2: true },
    routes: [{ name: 'none', match: { path: '/only' }, upstream: 'up' }],
    upstreams: { up: { targets: [{ url: upstream.url }] } },
  });
  expect(await gateway.reload()).toBe(true);
  expect((await ask(session, { ':path': '/' })).headers[':status']).toBe(404);
});
