import { connect } from 'node:http2';
import {
  type ChannelCredentials,
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { authority, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

const encode = (text: string): Buffer => Buffer.from(text);
const decode = (bytes: Buffer): string => bytes.toString();

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/echo.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
});

const SERVICE = {
  unary: method('Unary', false, false),
  count: method('Count', false, true),
  join: method('Join', true, false),
  chat: method('Chat', true, true),
};

interface Echo {
  url: string;
  cancelled: string[];
  server: Server;
}

async function echo(serverCredentials = ServerCredentials.createInsecure()): Promise<Echo> {
  const server = new Server();
  const cancelled: string[] = [];
  const unary: handleUnaryCall<string, string> = (call, done) => {
    const trailers = new Metadata();
    trailers.set('x-trailer', 'after');
    if (call.request === 'fail')
      done({ code: status.FAILED_PRECONDITION, details: 'nöt now: 100%', metadata: trailers });
    else if (call.request === 'down') done({ code: status.UNAVAILABLE, details: 'gone' });
    else if (call.request === 'wait') call.on('cancelled', () => cancelled.push('unary'));
    else if (call.request === 'who') done(null, String(call.metadata.get('x-consumer-name')));
    else done(null, `echo ${call.request}`, trailers);
  };
  const count: handleServerStreamingCall<string, string> = (call) => {
    call.on('cancelled', () => cancelled.push('count'));
    if (call.request === 'forever') {
      call.write('0');
      return;
    }
    for (let i = 0; i < Number(call.request); i++) call.write(String(i));
    call.end();
  };
  const join: handleClientStreamingCall<string, string> = (call, done) => {
    const all: string[] = [];
    call.on('data', (text: string) => all.push(text)).on('end', () => done(null, all.join(' ')));
  };
  const chat: handleBidiStreamingCall<string, string> = (call) => {
    call.on('data', (text: string) => call.write(`re: ${text}`)).on('end', () => call.end());
  };
  server.addService(SERVICE, { unary, count, join, chat });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', serverCredentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  onTestFinished(() => server.forceShutdown());
  return { url: `http://127.0.0.1:${port}`, cancelled, server };
}

const house = (
  url: string,
  server: object = {},
  upstream: object = {},
  routes: object = {},
): Promise<TestGateway> =>
  testGateway({
    server: { http2: true, ...server },
    consumers: [{ name: 'app', keys: [{ id: 'k', sha256: 'ab'.repeat(32) }] }],
    upstreams: { echo: { targets: [{ url }], protocol: 'http2', ...upstream } },
    routes: [
      { name: 'echo', match: { path: '/echo.Echo/*', methods: ['POST'] }, upstream: 'echo', ...routes },
    ],
  });

function client(gateway: { url: string }, with_: ChannelCredentials = credentials.createInsecure()): Client {
  const made = new Client(new URL(gateway.url).host, with_);
  onTestFinished(() => made.close());
  return made;
}

interface Said {
  error: ServiceError | null;
  answer: string | undefined;
  trailers: Metadata;
}

function unary(
  of: Client,
  text: string,
  { deadline, path = SERVICE.unary.path }: { deadline?: number; path?: string } = {},
): Promise<Said> {
  return new Promise((resolve) => {
    let said: { error: ServiceError | null; answer: string | undefined } | undefined;
    const options = deadline === undefined ? {} : { deadline: Date.now() + deadline };
    const call = of.makeUnaryRequest(path, encode, decode, text, new Metadata(), options, (error, answer) => {
      said = { error, answer };
    });
    call.on('status', ({ metadata }) =>
      setImmediate(() => resolve({ ...(said ?? { error: null, answer: undefined }), trailers: metadata })),
    );
  });
}

it('calls of all four kinds go through, with the status and the trailers of the server', async () => {
  const { url } = await echo();
  const gateway = await house(url);
  const of = client(gateway);

  const one = await unary(of, 'hello');
  expect([one.error, one.answer, one.trailers.get('x-trailer')]).toEqual([null, 'echo hello', ['after']]);

  const counted: string[] = [];
  const counting = of.makeServerStreamRequest(SERVICE.count.path, encode, decode, '5000');
  for await (const text of counting) counted.push(text as string);
  expect([counted.length, counted.at(-1)]).toEqual([5000, '4999']);

  const joined = await new Promise<string | undefined>((resolve, reject) => {
    const joining = of.makeClientStreamRequest<string, string>(
      SERVICE.join.path,
      encode,
      decode,
      (error, text) => (error ? reject(error) : resolve(text)),
    );
    for (const text of ['a', 'b', 'c']) joining.write(text);
    joining.end();
  });
  expect(joined).toBe('a b c');

  const heard: string[] = [];
  const chatting = of.makeBidiStreamRequest<string, string>(SERVICE.chat.path, encode, decode);
  chatting.on('data', (text: string) => heard.push(text));
  for (const text of ['one', 'two', 'three']) {
    chatting.write(text);
    // Each is answered while the request is still open.
    await eventually(() => heard.includes(`re: ${text}`));
  }
  const over = new Promise((resolve) => chatting.once('status', resolve));
  chatting.end();
  expect(await over).toMatchObject({ code: status.OK });
  const lines = gateway.lines.filter(({ msg }) => msg === 'request');
  expect(lines.map(({ status: http, reason }) => [http, reason])).toEqual(Array(4).fill([200, 'ok']));
});

it.each([
  ['the plain way', []],
  ['through policies', [{ 'response-cache': { ttl: '1m' } }]],
])('an error of the server comes as it is, and so do its trailers (%s)', async (_way, policies) => {
  const { url } = await echo();
  const of = client(await house(url, {}, {}, { policies }));
  expect((await unary(of, 'hello')).trailers.get('x-trailer')).toEqual(['after']);
  const { error, trailers } = await unary(of, 'fail');
  expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'nöt now: 100%' });
  expect(trailers.get('x-trailer')).toEqual(['after']);
});

it('how a call ended is in log and metrics, and counts for breaker and target as its status says', async () => {
  const { url } = await echo();
  const breaker = { errorRate: '50%', minRequests: 3, window: '30s', open: '60s' };
  const outlier = { consecutiveFailures: 2, eject: '60s' };
  const targets = [{ url }, { url: url.replace('127.0.0.1', 'localhost') }];
  const gateway = await house(url, {}, { targets, breaker, outlier });
  const of = client(gateway);
  // Whoever asks for what isn't there must not take the upstream from the others.
  for (let i = 0; i < 4; i++) await unary(of, 'hello', { path: '/echo.Echo/Nothing' });
  await unary(of, 'fail');
  const ended = await gateway.accessLine(({ grpc_status: ended }) => ended === status.FAILED_PRECONDITION);
  expect(ended).toMatchObject({ status: 200, reason: 'upstream_4xx' });
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'echo' })).toBe(0);
  for (let i = 0; i < 5; i++) await unary(of, 'down');
  expect((await unary(of, 'hello')).error?.code).toBe(status.UNAVAILABLE);
  const refused = await gateway.accessLine(({ reason }) => reason === 'breaker_open');
  expect(refused).toMatchObject({ status: 200, grpc_status: status.UNAVAILABLE });
  const down = gateway.lines.filter(({ reason }) => reason === 'upstream_5xx');
  expect(down.at(-1)).toMatchObject({ status: 200, grpc_status: status.UNAVAILABLE });
  const labels = { route: 'echo', upstream: 'echo' };
  expect(await gateway.metric('gateway_grpc_requests_total', { ...labels, grpc_status: '12' })).toBe(4);
  expect(await gateway.metric('gateway_grpc_requests_total', { ...labels, grpc_status: '14' })).toBe(6);
  const failed = { route: 'echo', status_class: '5xx', reason: 'upstream_5xx' };
  expect(await gateway.metric('gateway_requests_total', failed)).toBe(4 + 5);
  expect(gateway.lines.filter(({ kind }) => kind === 'ejection').length).toBeGreaterThan(0);
});

it.each([
  ['no route', {}, status.UNIMPLEMENTED, 'route_not_found', '/other.Service/Unary'],
  [
    'nobody who is known',
    { policies: [{ 'auth-api-key': {} }] },
    status.UNAUTHENTICATED,
    'auth_key_missing',
    undefined,
  ],
  [
    'too often',
    { policies: [{ 'rate-limit': { limit: 0, window: '1m' } }] },
    status.RESOURCE_EXHAUSTED,
    'rate_limited',
    undefined,
  ],
] as const)('an error of the gateway is a status of gRPC: %s', async (_what, routes, code, reason, path) => {
  const { url } = await echo();
  const gateway = await house(url, {}, {}, routes);
  const { error } = await unary(client(gateway), 'hello', path ? { path } : {});
  expect(error).toMatchObject({ code });
  expect(error?.details).not.toBe('');
  expect(await gateway.accessLine(() => true)).toMatchObject({ reason });
  // None of them is a fault of the server's.
  expect(await gateway.metric('gateway_requests_total', { status_class: '4xx', reason })).toBe(1);
});

it('a request that only calls itself gRPC has the limits of every other, and is nothing against its upstream', async () => {
  const upstream = await backend(
    (request, response) => void request.resume().on('end', () => response.end('fine')),
  );
  const gateway = await testGateway({
    server: { http2: true, limits: { body: '1kb' }, timeouts: { request: '1s' } },
    upstreams: {
      shop: {
        targets: [{ url: upstream.url }],
        breaker: { errorRate: '50%', minRequests: 3, window: '30s', open: '60s' },
        outlier: { consecutiveFailures: 2, eject: '60s', maxEjected: '100%' },
      },
    },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  });
  const headers = { 'content-type': 'application/grpc' };
  for (let i = 0; i < 8; i++) expect((await call(gateway.url, '/', { headers })).status).toBe(200);
  const session = connect(gateway.url);
  onTestFinished(() => session.destroy());
  const ask = (body?: string) => {
    const stream = session.request({ ':method': 'POST', ':path': '/', ...headers });
    const answer = new Promise<unknown>((resolve) =>
      stream.once('response', (head) => resolve(head['grpc-status'])),
    );
    if (body !== undefined) stream.end(body);
    return answer;
  };
  for (let i = 0; i < 8; i++) expect(await ask('')).toBeUndefined();
  expect(await gateway.metric('gateway_breaker_state', { upstream: 'shop' })).toBe(0);
  expect(gateway.lines.filter(({ kind }) => kind === 'ejection')).toEqual([]);
  expect(await gateway.metric('gateway_requests_total', { reason: 'ok' })).toBe(16);

  const get = session.request({ ':path': '/../none', ...headers });
  expect(await new Promise((resolve) => get.once('response', (head) => resolve(head[':status'])))).toBe(400);
  expect(await ask('x'.repeat(100_000)), 'too large').toBe(String(status.RESOURCE_EXHAUSTED));
  expect(await ask(), 'never ends').toBe(String(status.DEADLINE_EXCEEDED));
});

it('an upstream that is not there is UNAVAILABLE, and one that goes away in mid-call ends it with an error', async () => {
  const { url, server } = await echo();
  const gateway = await house(url);
  const of = client(gateway);
  const counting = of.makeServerStreamRequest(SERVICE.count.path, encode, decode, 'forever');
  const failed = new Promise<ServiceError>((resolve) =>
    counting.once('error', (error) => resolve(error as ServiceError)),
  );
  await new Promise((resolve) => counting.once('data', resolve));
  server.forceShutdown();
  expect((await failed).code).toBe(status.UNAVAILABLE);
  expect(await gateway.accessLine(() => true)).toMatchObject({
    reason: 'upstream_truncated',
    grpc_status: status.UNAVAILABLE,
  });
  expect(await gateway.metric('gateway_requests_total', { status_class: '5xx' })).toBe(1);
  const { error } = await unary(of, 'hello');
  expect(error).toMatchObject({ code: status.UNAVAILABLE });
});

it('a client that cancels ends the call at the server, and so does its deadline', async () => {
  const { url, cancelled } = await echo();
  const gateway = await house(url);
  const of = client(gateway);
  const counting = of.makeServerStreamRequest(SERVICE.count.path, encode, decode, 'forever');
  counting.on('error', () => undefined);
  await new Promise((resolve) => counting.once('data', resolve));
  counting.cancel();
  await eventually(() => cancelled.includes('count'));
  const { error } = await unary(of, 'wait', { deadline: 300 });
  expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await eventually(() => cancelled.includes('unary'));
});

it('the gateway keeps a deadline that its client does not watch itself', async () => {
  const { url, cancelled } = await echo();
  const gateway = await house(url);
  const metadata = new Metadata();
  metadata.set('grpc-timeout', '200m');
  const error = await new Promise<ServiceError | null>((resolve) =>
    client(gateway).makeUnaryRequest(SERVICE.unary.path, encode, decode, 'wait', metadata, resolve),
  );
  expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await eventually(() => cancelled.includes('unary'));
  expect(await gateway.accessLine(() => true)).toMatchObject({ reason: 'deadline_exceeded' });
});

it('over TLS on both sides, with a certificate that the gateway shows to the server', async () => {
  const [ca, files] = [await authority(), await pemFolder()];
  const own = await ca.issue({ names: LOOPBACK });
  const pairs = [{ cert_chain: Buffer.from(own.cert), private_key: Buffer.from(own.key) }];
  const { url } = await echo(ServerCredentials.createSsl(Buffer.from(ca.cert), pairs, true));
  const pair = await files.putPair('gateway', own);
  const tls = { ca: await files.put('ca.crt', ca.cert), ...pair };
  const gateway = await house(url.replace('http:', 'https:'), { tls: { certificates: [pair] } }, { tls });
  const of = client(gateway, credentials.createSsl(Buffer.from(ca.cert)));
  expect(await unary(of, 'hello')).toMatchObject({ error: null, answer: 'echo hello' });
});
