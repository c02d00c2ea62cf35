import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Backend, backend } from '../helpers/backend.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

interface House {
  gateway: TestGateway;
  upstream: Backend;
  ask(headers: Record<string, string>): Promise<IncomingHttpHeaders>;
}

/** `ask` gives the headers that the upstream saw. */
async function house(server: object = {}, upstreamOptions: object = {}): Promise<House> {
  let seen: IncomingHttpHeaders = {};
  const upstream = await backend((request, response) => {
    seen = request.headers;
    response.end('ok');
  });
  const gateway = await testGateway({
    server,
    upstreams: { up: { targets: [{ url: upstream.url }], ...upstreamOptions } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const ask = async (headers: Record<string, string>): Promise<IncomingHttpHeaders> => {
    expect((await call(gateway.url, '/', { headers })).status).toBe(200);
    return seen;
  };
  return { gateway, upstream, ask };
}

const CLAIMS = {
  host: 'shop.example.com',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': 'bank.example.com',
  'x-forwarded-proto': 'https',
  'x-forwarded-port': '444',
  'x-real-ip': '203.0.113.7',
  forwarded: 'for=203.0.113.7',
};

describe('whom a request comes from', () => {
  it('is what the gateway sees itself, whatever a stranger says', async () => {
    const { gateway, ask } = await house();
    const seen = await ask(CLAIMS);
    expect(seen).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'shop.example.com',
      'x-forwarded-proto': 'http',
    });
    for (const name of ['x-forwarded-port', 'x-real-ip', 'forwarded']) expect(seen).not.toHaveProperty(name);
    expect((await gateway.accessLine(({ route }) => route === 'all')).client).toBe('127.0.0.1');
  });

  it('is what a trusted proxy says', async () => {
    const { gateway, ask } = await house({ trustProxy: ['127.0.0.0/8', '10.0.0.1'] });
    const seen = await ask({ ...CLAIMS, 'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.0.0.1' });
    expect(seen).toMatchObject({
      'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.0.0.1, 127.0.0.1',
      'x-forwarded-host': 'bank.example.com',
      'x-forwarded-proto': 'https',
      forwarded: 'for=203.0.113.7, for="127.0.0.1";host="shop.example.com";proto=http',
    });
    const line = await gateway.accessLine(({ route }) => route === 'all');
    expect(line.client, 'the last that no trusted proxy is').toBe('203.0.113.7');
  });

  it('is not what a proxy says that is not trusted', async () => {
    const { gateway, ask } = await house({ trustProxy: ['10.0.0.0/8'] });
    expect(await ask(CLAIMS)).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect((await gateway.accessLine(({ route }) => route === 'all')).client).toBe('127.0.0.1');
  });
});

describe('the Host that the upstream sees', () => {
  it('is the client’s', async () => {
    const { ask } = await house();
    expect((await ask({ host: 'Shop.example.com:8080' })).host).toBe('Shop.example.com:8080');
  });

  it('is the target’s own where that is configured', async () => {
    const { upstream, ask } = await house({}, { host: 'target' });
    const seen = await ask({ host: 'shop.example.com' });
    expect(seen.host).toBe(`127.0.0.1:${upstream.port}`);
    expect(seen['x-forwarded-host']).toBe('shop.example.com');
  });
});

describe('a request’s names', () => {
  it.each([
    ['abcdefgh', true],
    ['req_01.A-b', true],
    ['short', false],
    ['with space', false],
    ['quo"te-quote', false],
    ['x'.repeat(129), false],
  ])('x-request-id %s is kept: %s', async (id, isKept) => {
    const { gateway, ask } = await house();
    const seen = (await ask({ 'x-request-id': id }))['x-request-id'];
    if (isKept) expect(seen).toBe(id);
    else expect(seen).toMatch(/^[0-9a-f-]{36}$/);
    const answer = await call(gateway.url, '/', { headers: { 'x-request-id': id } });
    if (isKept) expect(answer.headers['x-request-id']).toBe(id);
    await gateway.accessLine(({ request_id }) => request_id === seen);
  });

  it('a trace is continued', async () => {
    const { gateway, ask } = await house();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const seen = await ask({ traceparent: `00-${trace}-00f067aa0ba902b7-00`, tracestate: 'vendor=1' });
    expect(seen.traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
    expect(seen.traceparent).not.toContain('00f067aa0ba902b7');
    expect(seen.tracestate).toBe('vendor=1');
    await gateway.accessLine(({ trace_id }) => trace_id === trace);
  });

  it('or begun, and what a vendor said about another one goes', async () => {
    const { ask } = await house();
    const seen = await ask({ traceparent: '00-nonsense', tracestate: 'vendor=1' });
    expect(seen.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(seen).not.toHaveProperty('tracestate');
  });
});
