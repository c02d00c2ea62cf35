import { connect as connectHttp2 } from 'node:http2';
import { get, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { backend } from '../helpers/backend.ts';
import { authority, dns, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';

const up = async (): Promise<{ url: string }> =>
  backend((message, response) => response.end(String(message.headers['x-forwarded-proto'])));

const config = (url: string, server: object, routes: object = {}): object => ({
  server,
  upstreams: { up: { targets: [{ url }] } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', ...routes }],
});

/** The serial number of the certificate that a client gets, and the protocol that is agreed on. */
async function greet(
  gateway: { url: string },
  ca: string,
  options: { servername?: string; ALPNProtocols?: string[]; maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {},
): Promise<{ cn: string; serial: string; alpn: string | false | null; socket: TLSSocket }> {
  const socket = connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', ca, ...options });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const { subject, serialNumber } = socket.getPeerCertificate();
  return { cn: String(subject.CN), serial: serialNumber, alpn: socket.alpnProtocol, socket };
}

const ask = (gateway: { url: string }, ca: string, path = '/'): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    get(`${gateway.url}${path}`, { ca, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body })).on('error', reject);
    }).on('error', reject);
  });

const serials = (gateway: TestGateway): unknown[] =>
  gateway.lines
    .filter(({ msg, kind }) => msg === 'state changed' && kind === 'certificate')
    .map(({ to }) => to);

it('each host name gets its certificate; the upstream hears that the client came over TLS', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const shop = await files.putPair(
    'shop',
    await ca.issue({ cn: 'shop', names: [...dns('shop.example'), ...LOOPBACK] }),
  );
  const api = await files.putPair('api', await ca.issue({ cn: 'api', names: dns('*.api.example') }));
  const own = await files.putPair('own', await ca.issue({ cn: 'own', names: dns('ignored.example') }));
  const tls = { certificates: [shop, api, { ...own, names: ['named.example'] }] };
  const gateway = await testGateway(config(url, { tls }));
  expect(gateway.url).toMatch(/^https:/);
  for (const [servername, cn] of [
    ['shop.example', 'shop'],
    ['eu.api.example', 'api'],
  ])
    expect(await greet(gateway, ca.cert, { servername: servername as string })).toMatchObject({ cn });
  const strangers = { port: Number(new URL(gateway.url).port), rejectUnauthorized: false };
  for (const [servername, cn] of [
    ['NAMED.example', 'own'],
    ['deep.eu.api.example', 'shop'],
    ['api.example', 'shop'],
    ['ignored.example', 'shop'],
    ['unknown.example', 'shop'],
  ]) {
    const socket = connect({ ...strangers, servername: servername as string });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect([servername, socket.getPeerCertificate().subject.CN]).toEqual([servername, cn]);
    socket.destroy();
  }
  expect(await ask(gateway, ca.cert)).toEqual({ status: 200, body: 'https' });
  expect(
    await gateway.metric('gateway_certificate_expiry_seconds', { name: 'shop.example' }),
  ).toBeGreaterThan(80 * 24 * 3600);
});

it('old versions of TLS and plain HTTP are turned away, and counted', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const pair = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const gateway = await testGateway(config(url, { tls: { certificates: [pair], minVersion: 'TLSv1.3' } }));
  await expect(greet(gateway, ca.cert, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/version/i);
  const plain = connectTcp(Number(new URL(gateway.url).port), '127.0.0.1');
  plain.on('error', () => undefined).write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await new Promise((resolve) => plain.resume().once('close', resolve));
  await eventually(async () => (await gateway.metric('gateway_tls_handshake_failures_total')) === 2);
  expect(await ask(gateway, ca.cert)).toMatchObject({ status: 200 });
});

it('a certificate is exchanged under load: no request fails, what stands goes on with the old one', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const names = LOOPBACK;
  const pair = await files.putPair('a', await ca.issue({ names }));
  const gateway = await testGateway(config(url, { tls: { certificates: [pair] } }), { watch: true });
  const kept = await greet(gateway, ca.cert);
  let running = true;
  let served = 0;
  const load = Array.from({ length: 8 }, async () => {
    while (running) {
      expect(await ask(gateway, ca.cert)).toEqual({ status: 200, body: 'https' });
      served++;
    }
  });
  for (let i = 1; i <= 3; i++) {
    const next = await ca.issue({ names });
    await files.put('a.crt', next.cert);
    await files.put('a.key', next.key);
    await eventually(() => serials(gateway).length === i);
  }
  const before = served;
  await eventually(() => served > before + 20);
  running = false;
  await Promise.all(load);
  const after = await greet(gateway, ca.cert);
  expect(after.serial).not.toBe(kept.serial);
  kept.socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const [answer] = (await new Promise<Buffer[]>((resolve) =>
    kept.socket.once('data', (data) => resolve([data])),
  )) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 200/);
});

it('a broken new certificate is refused and the old one serves on; the log says which file', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const first = await ca.issue({ names: LOOPBACK });
  const pair = await files.putPair('a', first);
  const gateway = await testGateway(config(url, { tls: { certificates: [pair] } }));
  const { serial } = await greet(gateway, ca.cert);
  const other = await ca.issue({ names: LOOPBACK });
  for (const [name, text, said] of [
    ['a.crt', other.cert, 'is not the key of the certificate'],
    ['a.crt', 'nonsense', 'holds no certificate'],
    ['a.crt', first.cert.replace(/M/g, 'N'), "can't be read"],
    ['a.crt', first.cert.trim() + ca.cert, 'two certificates on one line'],
  ] as const) {
    gateway.lines.length = 0;
    await files.put(name, text);
    expect(await gateway.reload()).toBe(false);
    expect(JSON.stringify(gateway.lines)).toContain(said);
    expect(JSON.stringify(gateway.lines)).not.toContain('PRIVATE KEY');
    expect(await greet(gateway, ca.cert)).toMatchObject({ serial });
  }
  await files.putPair('a', other);
  expect(await gateway.reload()).toBe(true);
  expect((await greet(gateway, ca.cert)).serial).not.toBe(serial);
  expect(serials(gateway)).toHaveLength(1);
});

it('a certificate near its end, and one past it, are said once each', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const soon = await files.putPair('soon', await ca.issue({ names: dns('soon.example'), days: 5 }));
  const gone = await files.putPair('gone', await ca.issue({ names: dns('gone.example'), days: -1 }));
  const server = { tls: { certificates: [soon, gone] } };
  const gateway = await testGateway(config(url, server));
  await gateway.write(config(url, server, { priority: 'low' }));
  await gateway.reload();
  const said = gateway.lines.filter(({ kind }) => kind === 'certificate');
  expect(said.map(({ subject, to }) => `${String(subject)} ${String(to)}`)).toEqual([
    'soon.example expiring',
    'gone.example expired',
  ]);
  expect(await gateway.metric('gateway_certificate_expiry_seconds', { name: 'gone.example' })).toBeLessThan(
    0,
  );
});

it('two certificates for one name, or client certificates without authorities, are refused at the start', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const a = await files.putPair('a', await ca.issue({ names: dns('same.example') }));
  const b = await files.putPair('b', await ca.issue({ names: dns('same.example') }));
  await expect(testGateway(config(url, { tls: { certificates: [a, b] } }))).rejects.toThrow(/same\.example/);
  await expect(
    testGateway(config(url, { tls: { certificates: [a], clientAuth: 'require' } })),
  ).rejects.toThrow(/clientCa/);
  await expect(
    testGateway(config(url, { tls: { certificates: [{ ...a, key: files.path('missing') }] } })),
  ).rejects.toThrow(/there is no such file/);
});

it('WebSocket goes through TLS', async () => {
  const [ca, files] = [await authority(), await pemFolder()];
  const echo = await backend((_message, response) => response.end());
  const sockets = new WebSocketServer({ server: echo.server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${String(data)}`)));
  const pair = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const gateway = await testGateway(config(echo.url, { tls: { certificates: [pair] } }));
  const socket = new WebSocket(gateway.url.replace('https', 'wss'), { ca: ca.cert });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const said = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
  socket.send('hello');
  expect(await said).toBe('echo hello');
  socket.close();
});

it('at the end what runs over TLS finishes, and connections that only greet or idle are closed', async () => {
  const [ca, files] = [await authority(), await pemFolder()];
  let finish: (() => void) | undefined;
  const slow = await backend((_message, response) => {
    finish = () => response.end('late');
  });
  const pair = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const gateway = await testGateway(config(slow.url, { tls: { certificates: [pair] } }));
  const port = Number(new URL(gateway.url).port);
  const silent = connectTcp(port, '127.0.0.1');
  silent.on('error', () => undefined).resume();
  const ended = new Promise((resolve) => silent.once('close', resolve));
  const answer = ask(gateway, ca.cert);
  const running = await eventually(() => finish);
  const closing = gateway.close();
  running();
  expect(await answer).toEqual({ status: 200, body: 'late' });
  expect(await closing).toBe(0);
  await ended;
});

it('a body over TLS is limited, and a client that leaves ends its call upstream', async () => {
  const [ca, files] = [await authority(), await pemFolder()];
  let left = 0;
  const upstream = await backend((message, response) => {
    message.resume();
    response.on('close', () => {
      if (!response.writableFinished) left++;
    });
  });
  const pair = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const gateway = await testGateway(
    config(upstream.url, { tls: { certificates: [pair] }, limits: { body: '1kb' } }),
  );
  const options = { method: 'POST', ca: ca.cert, agent: false };
  const status = await new Promise((resolve) =>
    request(`${gateway.url}/`, options, (response) => resolve(response.statusCode)).end('x'.repeat(2000)),
  );
  expect(status).toBe(413);
  const leaving = get(`${gateway.url}/`, { ca: ca.cert, agent: false });
  leaving.on('error', () => undefined);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  leaving.destroy();
  await eventually(() => left === 1);
});

it('HTTP/2 is agreed on where both sides speak it, unless it is switched off', async () => {
  const [ca, files, { url }] = [await authority(), await pemFolder(), await up()];
  const pair = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const on = await testGateway(config(url, { tls: { certificates: [pair] } }));
  const off = await testGateway(config(url, { tls: { certificates: [pair] }, http2: false }));
  const both = { ALPNProtocols: ['h2', 'http/1.1'] };
  expect((await greet(on, ca.cert, both)).alpn).toBe('h2');
  expect((await greet(off, ca.cert, both)).alpn).toBe('http/1.1');
  const session = connectHttp2(on.url, { ca: ca.cert });
  const stream = session.request({ ':path': '/x' });
  const status = await new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])));
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  session.close();
  expect([status, body]).toEqual([200, 'https']);
});
