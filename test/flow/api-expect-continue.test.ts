import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { connect } from 'node:http2';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { parseAnswers, rawClient } from '../helpers/raw-http.ts';

const KEY = 'hc_key_that_is_good';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** A gateway whose upstream says back what it was sent. */
async function routed(server: object = {}): Promise<{ gateway: TestGateway; asked: () => number }> {
  let asked = 0;
  const upstream = await backend((request, response) => {
    asked++;
    request.pipe(response);
  });
  const gateway = await testGateway({
    server: { limits: { body: '1kb' }, ...server },
    consumers: [
      { name: 'shop', keys: [{ id: 'k1', sha256: createHash('sha256').update(KEY).digest('hex') }] },
    ],
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [
      {
        name: 'all',
        match: { path: '/*' },
        upstream: 'up',
        policies: [{ 'auth-api-key': {} }, { 'rate-limit': { limit: 1, window: '1h', per: 'consumer' } }],
      },
    ],
  });
  return { gateway, asked: () => asked };
}

const head = (framing: string, key = KEY): string =>
  `POST /a HTTP/1.1\r\nhost: a\r\nx-api-key: ${key}\r\nexpect: 100-continue\r\n${framing}\r\n\r\n`;

it.each([
  ['content-length: 4', 'body'],
  ['transfer-encoding: chunked', '4\r\nbody\r\n0\r\n\r\n'],
])('a body with %s is asked for once the policies have let its request in', async (framing, body) => {
  const { gateway } = await routed();
  const client = await rawClient(gateway.url);
  client.send(head(framing));
  expect(await client.until('\r\n\r\n')).toBe(CONTINUE);
  client.send(body);
  await client.until('body');
  expect(parseAnswers(client.text).map(({ status }) => status)).toEqual([200]);
  expect(client.text.split(CONTINUE).length - 1, 'said once').toBe(1);
});

it('a refused request gets its refusal without 100, its body is not waited for, and no upstream hears of it', async () => {
  const { gateway, asked } = await routed();
  const refusal = async (text: string): Promise<string> => {
    const client = await rawClient(gateway.url);
    client.send(text);
    const [answer] = await client.until('\r\n\r\n').then(() => parseAnswers(client.text));
    expect(client.text).not.toContain(CONTINUE);
    return `${answer?.status} ${answer?.headers.connection}`;
  };
  expect(await refusal(head('content-length: 4', 'wrong'))).toBe('401 close');
  expect(await refusal(head('content-length: 2000'))).toBe('413 close');
  expect(await refusal(head('content-length: 4')), 'the one request of the limit was the 413').toBe(
    '429 close',
  );
  expect(asked()).toBe(0);
  for (const reason of ['auth_key_unknown', 'body_too_large', 'rate_limited'])
    await gateway.accessLine((line) => line.reason === reason);
});

it('a client that does not wait loses nothing', async () => {
  const { gateway } = await routed();
  const client = await rawClient(gateway.url);
  client.send(`${head('content-length: 4')}body`);
  await client.until('4\r\nbody\r\n');
  expect(parseAnswers(client.text).map(({ status }) => status)).toEqual([200]);
});

it('curl sends its body when it is asked to, and only then', async () => {
  const { gateway } = await routed({ limits: { body: '2mb' } });
  const curl = async (key: string): Promise<string> => {
    const { stderr } = await promisify(execFile)('curl', [
      ...['-sv', '--max-time', '10', '--expect100-timeout', '9', '-o', '/dev/null'],
      ...['-H', `x-api-key: ${key}`, '-H', 'expect: 100-continue', '-d', 'x'.repeat(100_000)],
      `${gateway.url}/a`,
    ]);
    return stderr;
  };
  expect(await curl('wrong')).toMatch(/< HTTP\/1\.1 401(?!.*100 Continue)/s);
  expect(await curl(KEY)).toMatch(/< HTTP\/1\.1 100 Continue.*< HTTP\/1\.1 200/s);
});

it('HTTP/2 likewise', async () => {
  const { gateway } = await routed({ http2: true });
  const session = connect(gateway.url);
  onTestFinished(() => session.destroy());
  const ask = (key: string): Promise<{ continued: boolean; status: number }> =>
    new Promise((resolve, reject) => {
      let continued = false;
      const stream = session.request({
        ':method': 'POST',
        ':path': '/a',
        'x-api-key': key,
        'content-length': '4',
        expect: '100-continue',
      });
      stream.on('continue', () => {
        continued = true;
        stream.end('body');
      });
      stream.on('error', reject).on('response', (headers) => {
        resolve({ continued, status: Number(headers[':status']) });
        stream.close();
      });
    });
  expect(await ask('wrong')).toEqual({ continued: false, status: 401 });
  expect(await ask(KEY)).toEqual({ continued: true, status: 200 });
});
