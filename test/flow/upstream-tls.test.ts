import {
  connect as connectHttp2,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { authority, dns, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { loopTurns } from '../helpers/loop-turns.ts';

async function listening(server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const house = (url: string, upstream: object = {}, server: object = {}): Promise<TestGateway> =>
  testGateway({
    server,
    upstreams: { up: { targets: [{ url }], ...upstream } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });

const ask = async (gateway: { url: string }): Promise<[number, string]> => {
  const answer = await fetch(`${gateway.url}/x`);
  return [answer.status, await answer.text()];
};

it.each([
  'http1',
  'http2',
] as const)('%s: targets prove who they are to an authority of one’s own, and the gateway to them', async (protocol) => {
  const [ca, files] = [await authority(), await pemFolder()];
  const own = await ca.issue({ names: [...LOOPBACK, ...dns('up.internal')] });
  const options = { ...own, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error): void => void warnings.push(`${name} ${message}`);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const answer = (socket: TLSSocket): string =>
    `${socket.getPeerCertificate().subject?.CN ?? 'nobody'} ${String(socket.servername)}`;
  const server =
    protocol === 'http1'
      ? createHttps(options, (request, response) => response.end(answer(request.socket as TLSSocket)))
      : createSecureServer(options, (request, response) =>
          response.end(answer(request.stream.session?.socket as TLSSocket)),
        );
  const url = await listening(server, 'https');
  const caFile = await files.put('ca.crt', ca.cert);

  // Nobody knows this authority.
  expect((await ask(await house(url, { protocol })))[0]).toBe(502);
  expect(await ask(await house(url, { protocol, tls: { verify: false } }))).toEqual([200, 'nobody false']);
  expect(await ask(await house(url, { protocol, tls: { ca: caFile } }))).toEqual([200, 'nobody false']);
  expect(await ask(await house(url, { protocol, tls: { ca: caFile, serverName: 'up.internal' } }))).toEqual([
    200,
    'nobody up.internal',
  ]);
  expect(
    (await ask(await house(url, { protocol, tls: { ca: caFile, serverName: 'other.internal' } })))[0],
  ).toBe(502);

  // What is renewed is shown from the next request on.
  const pair = await files.putPair('gateway', await ca.issue({ cn: 'gateway-1' }));
  const gateway = await house(url, { protocol, tls: { ca: caFile, ...pair } });
  expect(await ask(gateway)).toEqual([200, 'gateway-1 false']);
  await files.putPair('gateway', await ca.issue({ cn: 'gateway-2' }));
  expect(await gateway.reload()).toBe(true);
  expect(await ask(gateway)).toEqual([200, 'gateway-2 false']);
  expect(warnings.filter((text) => text.includes('ServerName'))).toEqual([]);
});

async function h2c(answer: Parameters<Http2Server['on']>[1]): Promise<{ url: string; server: Http2Server }> {
  const server = createServer();
  server.on('stream', answer as never);
  return { url: await listening(server, 'http'), server };
}

/** Not every container has it. */
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

it.skipIf(!hasIpv6).each(['http1', 'http2'] as const)(
  '%s: a target may have an address of IPv6',
  async (protocol) => {
    const [ca, files] = [await authority(), await pemFolder()];
    const own = await ca.issue({ names: [{ type: 'ip', value: '::1' }] });
    const server =
      protocol === 'http1'
        ? createHttps(own, (request, response) =>
            response.end(String((request.socket as TLSSocket).servername)),
          )
        : createSecureServer(own, (_request, response) => response.end('false'));
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    onTestFinished(() => void server.close());
    const url = `https://[::1]:${(server.address() as AddressInfo).port}`;
    const gateway = await house(url, { protocol, tls: { ca: await files.put('ca.crt', ca.cert) } });
    expect(await ask(gateway)).toEqual([200, 'false']);
  },
);

it('HTTP/2 out: methods, bodies, headers and trailers arrive; one connection carries many calls', async () => {
  const seen: IncomingHttpHeaders[] = [];
  let sessions = 0;
  const { url, server } = await h2c(((
    stream: import('node:http2').ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) => {
    seen.push(headers);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 201, 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(bytes) }));
      stream.end('done');
    });
  }) as never);
  server.on('session', () => sessions++);
  // 0s: as long as it takes.
  const timeouts = { connect: '0s', response: '0s', idle: '0s' };
  const gateway = await house(url, { protocol: 'http2', timeouts }, { http2: true });
  const sizes = [0, 5, 70_000, 300_000];
  const answers = await Promise.all(
    sizes.map((size) => fetch(`${gateway.url}/p?q=1`, { method: 'POST', body: 'x'.repeat(size) })),
  );
  for (const answer of answers) {
    expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([
      201,
      'done',
      ['a=1', 'b=2'],
    ]);
  }
  expect(sessions).toBe(1);
  expect(seen[0]).toMatchObject({ ':method': 'POST', ':path': '/p?q=1', 'x-forwarded-proto': 'http' });
  expect(seen[0]).not.toHaveProperty('host');
  const session = connectHttp2(gateway.url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':path': '/t', ':method': 'POST' });
  const trailers = new Promise<IncomingHttpHeaders>((resolve) => stream.once('trailers', resolve));
  stream.end('hello');
  stream.resume();
  expect(await trailers).toMatchObject({ 'x-sum': '5' });
});

it('HTTP/2 out: a client that leaves, a stream that breaks off and a slow reader are what they are in HTTP/1.1', async () => {
  let reset = 0;
  let written = 0;
  let breakOff: () => void = () => undefined;
  const { url } = await h2c(((
    stream: import('node:http2').ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) => {
    stream.on('error', () => undefined);
    stream.on('close', () => {
      if (stream.rstCode === 8) reset++;
    });
    if (headers[':path'] === '/silent') return;
    // Without this Node would say a regular end before it says the reset.
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    if (headers[':path'] === '/half') {
      stream.write('half');
      breakOff = () => stream.close(2);
      return;
    }
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (written < 64 * 1024 ** 2) {
        written += chunk.length;
        if (!stream.write(chunk)) return void stream.once('drain', more);
      }
      stream.end();
    };
    more();
  }) as never);
  const gateway = await house(url, { protocol: 'http2' });
  const leaving = new AbortController();
  const left = fetch(`${gateway.url}/silent`, { signal: leaving.signal }).catch(() => 'left');
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  leaving.abort();
  expect(await left).toBe('left');
  await eventually(() => reset === 1);
  const half = await fetch(`${gateway.url}/half`);
  breakOff();
  await expect(half.text()).rejects.toThrow();
  expect(await gateway.accessLine(({ path }) => path === '/half')).toMatchObject({
    reason: 'upstream_truncated',
  });
  const slow = await fetch(`${gateway.url}/big`);
  let before = -1;
  await eventually(async () => {
    const still = written === before;
    before = written;
    await fetch(`${gateway.url}/livez`);
    return still;
  });
  expect(written).toBeLessThan(32 * 1024 ** 2);
  await slow.body?.cancel();
});

it('HTTP/2 out: a server that goes lets what runs finish, and the next call goes over a new connection', async () => {
  const sessions: import('node:http2').ServerHttp2Session[] = [];
  let finish: () => void = () => undefined;
  const { url, server } = await h2c(((
    stream: import('node:http2').ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) => {
    const end = (): void => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    };
    if (headers[':path'] === '/slow') finish = end;
    else end();
  }) as never);
  server.on('session', (session) => sessions.push(session));
  const gateway = await house(url, { protocol: 'http2' });
  const slow = fetch(`${gateway.url}/slow`);
  await eventually(() => sessions.length === 1);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  sessions[0]?.close();
  await eventually(async () => {
    expect(await ask(gateway)).toEqual([200, 'ok']);
    return sessions.length === 2;
  });
  finish();
  expect(await (await slow).text()).toBe('ok');
});

it('half an answer is no whole one to a client of HTTP/2; a target that speaks only HTTP/1.1 is said so', async () => {
  const upstream = await backend((_request, response) => {
    response.write('half');
    setTimeout(async () => {
      await loopTurns();
      response.destroy();
    }, 50);
  });
  const gateway = await house(upstream.url, {}, { http2: true });
  const session = connectHttp2(gateway.url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':path': '/x' });
  stream.resume();
  const error = await new Promise<Error>((resolve) => stream.once('error', resolve));
  expect(error.message).toMatch(/INTERNAL_ERROR/);
  const wrong = await house(upstream.url, { protocol: 'http2' });
  expect((await ask(wrong))[0]).toBe(502);
});
