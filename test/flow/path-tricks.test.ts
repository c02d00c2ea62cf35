import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { policySchemas } from '../../src/gateway.ts';
import { explainRequest } from '../../src/server/explain.ts';
import { backend } from '../helpers/backend.ts';
import { configText, eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { parseAnswers, problemCode, rawClient, rawExchange, rawServer } from '../helpers/raw-http.ts';

const KEY = 'a-key-that-is-long-enough';
const SHA256 = createHash('sha256').update(KEY).digest('hex');

/** `/admin` as each kind of server would read a path that it is given. */
const READERS: Readonly<Record<string, (path: string) => string>> = {
  /** As RFC 3986 has it. */
  strict: (path) => decoded(path),
  /** Parameters go first, then escapes, then slashes and dots. */
  tomcat: (path) => resolved(decoded(path.replace(/;[^/]*/g, ''))),
  /** Some take them off only after decoding. */
  late: (path) => resolved(decoded(path).replace(/;[^/]*/g, '')),
  nginx: (path) => resolved(decoded(path)),
  /** Capitals don't matter, nor does a slash at the end. */
  express: (path) => resolved(decoded(path).toLowerCase()),
  /** Best-fit characters, backslashes, streams, dots and spaces at the end of names. */
  windows: (path) =>
    resolved(
      decoded(path)
        .normalize('NFKC')
        .toUpperCase()
        .toLowerCase()
        .replaceAll('\\', '/')
        .split('/')
        .map((name) => name.replace(/:[:$].*$/, '').replace(/(?<!^\.?)[. ]+$/, ''))
        .join('/'),
    ),
  /** Decodes twice. */
  twice: (path) => resolved(decoded(decoded(path))),
  /** A string ends at NUL. */
  c: (path) => resolved(decoded(path).split('\0')[0] as string),
};

function decoded(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
    return bytes.toString('utf8');
  });
}

function resolved(path: string): string {
  const up: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') up.pop();
    else if (segment !== '' && segment !== '.') up.push(segment);
  }
  return `/${up.join('/')}`;
}

/** Who would take a path for one below `/admin`. */
const whoSeesAdmin = (target: string): string[] =>
  Object.entries(READERS)
    .filter(([, read]) => /^\/admin(?:\/|$)/.test(read(target.split('?')[0] as string)))
    .map(([name]) => name);

interface Seen {
  target: string;
  consumer: string;
}

async function house(): Promise<{ gateway: TestGateway; seen: Seen[]; config: object }> {
  const seen: Seen[] = [];
  const upstream = await backend((request, response) => {
    seen.push({ target: request.url ?? '', consumer: String(request.headers['x-consumer-name'] ?? '') });
    response.end('here');
  });
  const config = {
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    consumers: [{ name: 'anna', keys: [{ id: 'k1', sha256: SHA256 }] }],
    routes: [
      { name: 'open', match: { path: '/*' }, upstream: 'up' },
      { name: 'admin', match: { path: '/admin/*' }, upstream: 'up', policies: [{ 'auth-api-key': {} }] },
    ],
  };
  return { gateway: await testGateway(config), seen, config };
}

/** Every trick with a path, and what it is answered without a key: 401 = the key is asked for, 200 = it leads elsewhere. */
const PATHS: readonly [trick: string, target: string, answer: 200 | 400 | 401, code?: string][] = [
  ['plain', '/admin/y', 401],
  ['the bare prefix', '/admin', 401],
  ['a slash at the end', '/admin/', 401],
  ['two slashes before', '//admin/y', 401],
  ['two slashes between', '/admin//y', 401],
  ['a dot before', '/./admin/y', 401],
  ['a dot between', '/admin/./y', 401],
  ['up and down', '/x/../admin/y', 401],
  ['up behind it', '/admin/../x', 200],
  ['above the root', '/../admin/y', 400, 'path_invalid'],
  ['escaped dots', '/x/%2e%2e/admin/y', 401],
  ['half-escaped dots', '/x/.%2E/admin/y', 401],
  ['an escaped slash behind', '/admin%2fy', 400, 'path_invalid'],
  ['an escaped slash before', '/x%2f..%2fadmin/y', 400, 'path_invalid'],
  ['a parameter', '/admin;x/y', 400, 'path_ambiguous'],
  ['a parameter with a value', '/admin;a=b;c/y', 400, 'path_ambiguous'],
  ['an empty parameter', '/admin;/y', 400, 'path_ambiguous'],
  ['an escaped parameter', '/admin%3bx/y', 400, 'path_ambiguous'],
  ['a parameter behind the bare prefix', '/admin;x', 400, 'path_ambiguous'],
  ['a segment of parameters', '/;x/admin/y', 400, 'path_ambiguous'],
  ['dots with a parameter', '/x/..;y/admin/y', 400, 'path_invalid'],
  ['a dot with a parameter', '/.;y/admin/y', 400, 'path_invalid'],
  ['a parameter within it', '/admin/y;x', 401],
  ['a parameter elsewhere', '/maps/a;b=1', 200],
  ['dots escaped twice', '/x/%252e%252e/admin/y', 400, 'path_invalid'],
  ['a letter escaped twice', '/%2561dmin/y', 400, 'path_invalid'],
  ['a slash escaped twice', '/x%252f..%252fadmin', 400, 'path_invalid'],
  ['an escaped letter', '/%61dmin/y', 401],
  ['every letter escaped', '/%61%64%6D%69%6e/y', 401],
  ['NUL behind', '/admin%00/y', 400, 'path_invalid'],
  ['NUL in the name', '/admin/y%00.png', 400, 'path_invalid'],
  ['a line feed', '/admin%0a/y', 400, 'path_invalid'],
  ['a backslash', '/x\\..\\admin\\y', 400, 'path_invalid'],
  ['a backslash for a slash', '\\admin\\y', 400, 'request_malformed'],
  ['an escaped backslash', '/x%5c..%5cadmin/y', 400, 'path_invalid'],
  ['capitals', '/ADMIN/y', 400, 'path_ambiguous'],
  ['one capital', '/admIn', 400, 'path_ambiguous'],
  ['capitals elsewhere', '/Maps/Y', 200],
  ['a dot at the end', '/admin./y', 400, 'path_ambiguous'],
  ['dots at the end', '/admin..', 400, 'path_ambiguous'],
  ['a space at the end', '/admin%20/y', 400, 'path_ambiguous'],
  ['dots and spaces at the end', '/admin.%20./y', 400, 'path_ambiguous'],
  ['a bare space', '/admin /y', 400, 'request_malformed'],
  ['a stream of NTFS', '/admin::$DATA/y', 400, 'path_ambiguous'],
  ['the index of NTFS', '/admin:$i30:$INDEX_ALLOCATION/y', 400, 'path_ambiguous'],
  ['wide letters', '/%EF%BD%81%EF%BD%84%EF%BD%8D%EF%BD%89%EF%BD%8E/y', 400, 'path_ambiguous'],
  ['an i without its dot', '/adm%C4%B1n/y', 400, 'path_ambiguous'],
  ['a wide slash', '/x%EF%BC%8F..%EF%BC%8Fadmin/y', 400, 'path_ambiguous'],
  ['a wide backslash', '/x%EF%BC%BC..%EF%BC%BCadmin/y', 400, 'path_ambiguous'],
  ['wide dots', '/x/%EF%BC%8E%EF%BC%8E/admin/y', 400, 'path_ambiguous'],
  ['letters longer than they need be', '/%c1%a1dmin/y', 400, 'path_invalid'],
  ['dots longer than they need be', '/x/%c0%ae%c0%ae/admin/y', 400, 'path_invalid'],
  ['a bare byte', '/adm\u00edn/y', 400, 'request_malformed'],
  ['a fragment', '/x#/../admin/y', 400, 'path_invalid'],
  ['an escaped question mark', '/admin%3fx', 200],
  ['a query', '/admin?x=/../', 401],
  ['a query elsewhere', '/x?/../admin/y', 200],
  ['the absolute form', 'http://api.test/admin/y', 401],
  ['the absolute form, another scheme in capitals', 'HTTPS://api.test//admin/y', 401],
  ['the absolute form, capitals in the host', 'http://API.Test/x/../admin/y', 401],
  ['the absolute form, capitals in the path', 'http://api.test/ADMIN', 400, 'path_ambiguous'],
  ['the absolute form, another host', 'http://other.test/admin/y', 400, 'host_invalid'],
  ['the absolute form, a user', 'http://a@api.test/admin/y', 400, 'host_invalid'],
  ['no slash at the beginning', 'admin/y', 400, 'request_malformed'],
];

const asking = (target: string, headers = ''): Buffer =>
  Buffer.from(`GET ${target} HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n${headers}\r\n`, 'latin1');

it('no way to write a path leads below /admin without the key, and explain says the same', async () => {
  const { gateway, seen, config } = await house();
  const policies = await policySchemas();
  const loaded = loadConfig({ file: 'f', text: configText(config), env: {}, policies });
  const slots = new Map(Object.entries(policies).map(([name, { slot }]) => [name, slot]));
  const table: unknown[] = [];
  for (const [trick, target, , code] of PATHS) {
    const answers = await rawExchange(gateway.url, asking(target));
    const [answer] = answers;
    const row = [trick, target, ...answers.map(({ status }) => status)];
    table.push(answer?.status === 400 ? [...row, problemCode(answer)] : row);
    if (code === 'request_malformed') continue; // no request yet: there is nothing to explain
    const asked = { method: 'GET', target, headers: { host: 'api.test' } };
    const { refused, route } = explainRequest(loaded.config, slots, asked);
    const expected = code ?? (answer?.status === 401 ? 'admin' : 'open');
    expect(refused ?? route?.name, `what explain says of ${target}`).toBe(expected);
  }
  expect(table).toEqual(PATHS);
  expect(seen.length).toBe(PATHS.filter(([, , status]) => status === 200).length);
  for (const { target } of seen) expect(whoSeesAdmin(target), target).toEqual([]);
  for (const code of new Set(PATHS.flatMap(([, , , each]) => each ?? [])))
    expect(await gateway.metric('gateway_requests_total', { reason: code })).toBeGreaterThan(0);
});

it('with the key every way to write it leads to what was matched, under its consumer', async () => {
  const { gateway, seen } = await house();
  for (const [, target, status] of PATHS) {
    if (status !== 401) continue;
    const [answer] = await rawExchange(gateway.url, asking(target, `x-api-key: ${KEY}\r\n`));
    expect(answer?.status, target).toBe(200);
    expect(seen.at(-1)?.consumer, target).toBe('anna');
  }
});

/** Every way to write the Host of a protected route, and others that only look like it. 401 = the key is asked for. */
const HOSTS: readonly [trick: string, host: string, answer: 200 | 400 | 401, target?: string][] = [
  ['plain', 'admin.example.com', 401],
  ['a dot at the end', 'admin.example.com.', 401],
  ['a dot at the end, and a port', 'admin.example.com.:8080', 401],
  ['two dots at the end', 'admin.example.com..', 400],
  ['two dots between', 'admin..example.com', 400],
  ['a dot before', '.admin.example.com', 400],
  ['nothing but a dot', '.', 400],
  ['a port', 'admin.example.com:8080', 401],
  ['a port of zeros', 'admin.example.com:00080', 401],
  ['an empty port', 'admin.example.com:', 400],
  ['a port that is none', 'admin.example.com:8a', 400],
  ['capitals', 'ADMIN.Example.COM', 401],
  ['capitals, a dot and a port', 'Admin.Example.Com.:80', 401],
  ['a user', 'a@admin.example.com', 400],
  ['an escape', 'admin%2eexample.com', 400],
  ['a wide letter', 'adm\u00edn.example.com', 400],
  ['a list', 'admin.example.com, other.test', 400],
  ['a space within', 'admin.example.com other', 400],
  ['spaces around', '  admin.example.com  ', 401],
  ['below a wildcard', 'a.inner.test', 401],
  ['below a wildcard, a dot at the end', 'a.inner.test.', 401],
  ['the wildcard itself', 'inner.test', 200],
  ['a name that ends alike', 'not-admin.example.com', 200],
  ['an address', '127.0.0.1:80', 200],
  ['an address of IPv6', '[::1]:8080', 200],
  ['an address of IPv6 with a zone', '[fe80::1%25eth0]', 400],
  ['half an address of IPv6', '[::1', 400],
  ['nothing', '', 400],
  ['the absolute form', 'admin.example.com', 401, 'http://admin.example.com/x'],
  ['the absolute form with a dot', 'admin.example.com', 401, 'http://admin.example.com./x'],
  ['the absolute form of a Host with a dot', 'admin.example.com.', 401, 'http://ADMIN.example.com/x'],
  ['the absolute form of another host', 'admin.example.com', 400, 'http://other.test/x'],
  ['the absolute form, with the key’s host in it alone', 'other.test', 400, 'http://admin.example.com/x'],
  ['the absolute form, another port', 'admin.example.com', 400, 'http://admin.example.com:81/x'],
];

it('no way to write a Host leads past the route that asks for a key, in HTTP/1.1 and in HTTP/2', async () => {
  const seen: string[] = [];
  const upstream = await backend((request, response) => {
    seen.push(request.headers.host ?? '');
    response.end();
  });
  const closed = { upstream: 'up', policies: [{ 'auth-api-key': {} }] };
  const gateway = await testGateway({
    server: { http2: true },
    upstreams: { up: { targets: [{ url: upstream.url }], host: 'client' } },
    consumers: [{ name: 'anna', keys: [{ id: 'k1', sha256: SHA256 }] }],
    routes: [
      { name: 'open', match: { path: '/*' }, upstream: 'up' },
      { name: 'admin', match: { path: '/*', host: 'admin.example.com.' }, ...closed },
      { name: 'inner', match: { path: '/*', host: '*.inner.test' }, ...closed },
    ],
  });
  const table: unknown[] = [];
  for (const [trick, host, , target = '/x'] of HOSTS) {
    const asked = `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
    const [answer] = await rawExchange(gateway.url, Buffer.from(asked, 'latin1'));
    table.push([trick, host, answer?.status, ...(target === '/x' ? [] : [target])]);
  }
  expect(table).toEqual(HOSTS);
  const session = connectHttp2(gateway.url);
  onTestFinished(() => session.destroy());
  for (const [trick, host, status, target] of HOSTS) {
    // Node's client refuses to send some, and there is no absolute form.
    if (target !== undefined || host === '' || /[^\x21-\x7e]/.test(host)) continue;
    const answer = once(session.request({ ':path': '/x', ':authority': host }).resume(), 'response');
    // Of some Node itself says that they are no authority, and resets the stream.
    const got = await answer.then(
      ([head]) => head[':status'],
      ({ code }) => (code === 'ERR_HTTP2_STREAM_ERROR' ? 400 : code),
    );
    expect([trick, got]).toEqual([trick, status]);
  }
  // With the key, the upstream gets the one name that was matched.
  for (const host of ['admin.example.com.', 'admin.example.com.:8080']) {
    await rawExchange(
      gateway.url,
      `GET / HTTP/1.1\r\nhost: ${host}\r\nx-api-key: ${KEY}\r\nconnection: close\r\n\r\n`,
    );
  }
  expect(seen.slice(-2)).toEqual(['admin.example.com', 'admin.example.com:8080']);
  expect(seen.slice(0, -2).filter((host) => /(?<!-)admin\.|a\.inner/i.test(host))).toEqual([]);
});

const HOST = 'host: api.test\r\n';
const SMUGGLED = `GET /admin/smuggled HTTP/1.1\r\n${HOST}\r\n`;

/** Every trick with framing: a second request hides in the first one, for a reader that draws the line elsewhere. */
const FRAMINGS: readonly [trick: string, bytes: string, answers: number[]][] = [
  [
    'two lengths',
    `POST /x HTTP/1.1\r\n${HOST}content-length: 0\r\ncontent-length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'two lengths that agree',
    `POST /x HTTP/1.1\r\n${HOST}content-length: 0\r\ncontent-length: 0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  ['a list of lengths', `POST /x HTTP/1.1\r\n${HOST}content-length: 0, 0\r\n\r\n${SMUGGLED}`, [400]],
  ['a length with a sign', `POST /x HTTP/1.1\r\n${HOST}content-length: +0\r\n\r\n${SMUGGLED}`, [400]],
  [
    'length and chunks',
    `POST /x HTTP/1.1\r\n${HOST}content-length: ${SMUGGLED.length + 5}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'chunks and length',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'a coding twice',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'an unknown coding',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'a space before the colon',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'a chunk extension, which is dropped',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n1;a=b\r\nz\r\n0\r\n\r\n${SMUGGLED}`,
    [200, 401],
  ],
  [
    'a chunk extension with a line feed',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n1;\nz\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  [
    'a size of a chunk with nonsense',
    `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n0x1\r\nz\r\n0\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  ['bare line feeds', `GET /x HTTP/1.1\n${HOST.replace('\r', '')}\n${SMUGGLED}`, [400]],
  ['a bare line feed in a header', `GET /x HTTP/1.1\r\n${HOST}a: b\nx: y\r\n\r\n${SMUGGLED}`, [400]],
  ['a bare carriage return', `GET /x HTTP/1.1\r\n${HOST}a: b\rx: y\r\n\r\n${SMUGGLED}`, [400]],
  ['a folded header', `GET /x HTTP/1.1\r\n${HOST}a: b\r\n c: d\r\n\r\n${SMUGGLED}`, [400]],
  ['a folded first header', `GET /x HTTP/1.1\r\n ${HOST}\r\n${SMUGGLED}`, [400]],
  ['no Host', `GET /x HTTP/1.1\r\n\r\n${SMUGGLED}`, [400]],
  ['two Hosts', `GET /x HTTP/1.1\r\n${HOST}${HOST}\r\n${SMUGGLED}`, [400]],
  ['a Host with a path', `GET /x HTTP/1.1\r\nhost: api.test/admin\r\n\r\n${SMUGGLED}`, [400]],
  ['a body of GET', `GET /x HTTP/1.1\r\n${HOST}content-length: 2\r\n\r\nzz${SMUGGLED}`, [200, 401]],
  ['an honest second request', `GET /x HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`, [200, 401]],
];

it('nothing gets through in the shadow of a request that can be framed in two ways', async () => {
  const { gateway, seen } = await house();
  for (const [trick, bytes, expected] of FRAMINGS) {
    const client = await rawClient(gateway.url);
    client.send(bytes);
    await eventually(() => client.closed || parseAnswers(client.text).length >= expected.length);
    expect(
      parseAnswers(client.text).map(({ status }) => status),
      trick,
    ).toEqual(expected);
    client.socket.destroy();
    const [after] = await rawExchange(gateway.url, asking('/after'));
    expect([after?.status, after?.body], trick).toEqual([200, 'here']);
  }
  expect(seen.filter(({ target }) => target.includes('admin'))).toEqual([]);
});

it.each([
  ['100 Continue'],
  ['102 Processing'],
  ['103 Early Hints\r\nlink: </admin>; rel=preload'],
])('a flood of %s from the upstream ends, and no later request is answered with it', async (interim) => {
  const sockets: Socket[] = [];
  const upstream = await rawServer((socket) => {
    sockets.push(socket);
    socket.once('data', () => {
      const flood = `HTTP/1.1 ${interim}\r\n\r\n`.repeat(500);
      const more = (): void => {
        while (socket.writable && socket.write(flood));
      };
      socket.on('drain', more);
      more();
    });
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }], timeouts: { response: '20s' } } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const client = await rawClient(gateway.url);
  client.send(`GET /x HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`);
  await client.untilClosed();
  expect(parseAnswers(client.text.slice(client.text.lastIndexOf('HTTP/1.1'))).at(-1)?.status).toBe(502);
  await eventually(() => sockets.every((socket) => socket.destroyed));
  expect(client.text.length).toBeLessThan(64 * 1024);
});
