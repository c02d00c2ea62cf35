import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { problemCode, rawExchange } from '../helpers/raw-http.ts';

const KEY = 'a-key-that-is-long-enough';
const SHA256 = createHash('sha256').update(KEY).digest('hex');

interface Seen {
  target: string;
  consumer: string;
}

/** Open to anybody but for `/admin/*`, `/@me/*` and `/a!b/*`: all on one upstream, which says what it saw. */
async function house(): Promise<{ gateway: TestGateway; seen: Seen[] }> {
  const seen: Seen[] = [];
  const upstream = await backend((request, response) => {
    seen.push({ target: request.url ?? '', consumer: String(request.headers['x-consumer-name'] ?? '') });
    response.end(request.url);
  });
  const locked = (name: string, path: string) => ({
    name,
    match: { path },
    upstream: 'up',
    policies: [{ 'auth-api-key': {} }],
  });
  const gateway = await testGateway({
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    consumers: [{ name: 'anna', keys: [{ id: 'k1', sha256: SHA256 }] }],
    routes: [
      { name: 'open', match: { path: '/*' }, upstream: 'up' },
      locked('admin', '/admin/*'),
      locked('me', '/@me/*'),
      locked('sub', '/a!b/*'),
    ],
  });
  return { gateway, seen };
}

const ask = (gateway: TestGateway, target: string, headers = '') =>
  rawExchange(
    gateway.url,
    Buffer.from(`GET ${target} HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n${headers}\r\n`, 'latin1'),
  );

describe('what the upstream sees is what was matched', () => {
  it.each([
    ['//x//y', '/x/y'],
    ['/x/./y', '/x/y'],
    ['/x/../y', '/y'],
    ['/x/%2e%2e/y', '/y'],
    ['/%78', '/x'],
    ['/x%2By?a=%2e%2e/&b=%zz&c=a+b', '/x%2By?a=%2e%2e/&b=%zz&c=a+b'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/..name/x', '/..name/x'],
    ['/x?', '/x?'],
    ['/?x=//../', '/?x=//../'],
    ['http://api.test/x/../y?z', '/y?z'],
    ['HTTP://API.Test', '/'],
    ['http://api.test?q', '/?q'],
    ['/coupons/100%25', '/coupons/100%25'],
  ])('%s goes on as %s', async (target, expected) => {
    const { gateway, seen } = await house();
    const [answer] = await ask(gateway, target);
    expect(answer?.status).toBe(200);
    expect(seen).toEqual([{ target: expected, consumer: '' }]);
    const line = await gateway.accessLine(({ route }) => route === 'open');
    expect(String(line.path).split('?')[0]).toBe(expected.split('?')[0]);
  });

  it.each([
    ['/x%2fy', 'path_invalid'],
    ['/x%5cy', 'path_invalid'],
    ['/x\\y', 'path_invalid'],
    ['/x%00y', 'path_invalid'],
    ['/%252e%252e/x', 'path_invalid'],
    ['/x/..;x/y', 'path_invalid'],
    ['/x/..%3Bx/y', 'path_invalid'],
    ['/../x', 'path_invalid'],
    ['/caf\u00e9', 'request_malformed'],
    ['/x%ff', 'path_invalid'],
    ['/%c0%ae%c0%ae/x', 'path_invalid'],
    ['/x#y', 'path_invalid'],
    ['*', 'path_invalid'],
    ['x', 'request_malformed'],
    ['ftp://api.test/x', 'path_invalid'],
    ['http://other.test/x', 'host_invalid'],
    ['http://me@api.test/x', 'host_invalid'],
  ])('%s goes nowhere: %s', async (target, code) => {
    const { gateway, seen } = await house();
    const [answer] = await ask(gateway, target);
    expect(answer?.status).toBe(400);
    expect(answer && problemCode(answer)).toBe(code);
    expect(seen).toEqual([]);
    await gateway.accessLine(({ reason, status }) => reason === code && status === 400);
    expect(await gateway.metric('gateway_requests_total', { reason: code, status_class: '4xx' })).toBe(1);
  });
});

/** As somebody who reads paths with a good will might resolve it. */
function asResolvedByOthers(target: string): string {
  let path = (target.split(/[?#]/)[0] as string).replace(/^https?:\/\/[^/]*/i, '');
  for (let i = 0; i < 3; i++) {
    path = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  const up: string[] = [];
  for (const segment of path.replaceAll('\\', '/').split('/')) {
    const name = (segment.split('\0')[0] as string).replace(/^(\.{1,2});.*$/, '$1');
    if (name === '..') up.pop();
    else if (name !== '' && name !== '.') up.push(name);
  }
  return `/${up.join('/')}`;
}

it('nobody gets around the key by writing the path in another way', async () => {
  const { gateway, seen } = await house();
  const doors = ['admin', '%61dmin', 'adm%69n', '@me', '%40me', 'a!b', 'a%21b'];
  const ways = (door: string): string[] => [
    `/${door}`,
    `/${door}/`,
    `/${door}/x`,
    `//${door}/x`,
    `/./${door}/x`,
    `/x/../${door}/x`,
    `/x/%2e%2e/${door}/x`,
    `/x/%2e%2e%2f${door}/x`,
    `/x%2f..%2f${door}/x`,
    `/x/..%5c${door}/x`,
    `/x\\..\\${door}/x`,
    `/x/..;y/${door}/x`,
    `/x/..%3by/${door}/x`,
    `/%252e%252e/${door}/x`,
    `/%2e/${door}/x`,
    `/;/../${door}/x`,
    `/${door}%00/x`,
    `/${door}%2fx`,
    `/${door}%5cx`,
    `/${door}?x`,
    `/${door}#x`,
    `/${door}/..%2f${door}`,
    `/${door}/%c0%ae%c0%ae/x`,
    `http://api.test/${door}/x`,
    `http://API.TEST//${door}/x`,
    `http://api.test/x/../${door}`,
    `http://elsewhere.test/${door}/x`,
  ];
  const targets = doors.flatMap(ways);
  for (const target of targets) {
    const answers = await ask(gateway, target);
    expect(answers.length, target).toBe(1);
    expect([400, 401, 200], target).toContain(answers[0]?.status);
  }
  const reached = seen.filter(({ target }) =>
    /^\/(?:admin|@me|a!b)(?:\/|$)/.test(asResolvedByOthers(target)),
  );
  expect(reached).toEqual([]);

  const [let_in] = await ask(gateway, '/x/../%61dmin/y', `x-api-key: ${KEY}\r\n`);
  expect(let_in?.status).toBe(200);
  expect(seen.at(-1)).toEqual({ target: '/admin/y', consumer: 'anna' });
  await ask(gateway, '/%40me/y', `x-api-key: ${KEY}\r\n`);
  expect(seen.at(-1), 'what is forwarded keeps its escapes').toEqual({
    target: '/%40me/y',
    consumer: 'anna',
  });
});
