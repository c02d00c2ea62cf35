import type { LookupAddress } from 'node:dns';
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call, rawClient } from '../helpers/raw-http.ts';

const v4 = (...addresses: string[]): LookupAddress[] => addresses.map((address) => ({ address, family: 4 }));

it('when a name moves, new requests follow it, what runs ends where it is, and an outage of the name harms nobody', async () => {
  let finish: () => void = () => undefined;
  const old = await backend((request, response) => {
    if (request.url !== '/slow') response.end('old');
    else {
      response.write('be');
      finish = () => response.end('gun');
    }
  });
  await backend((_request, response) => response.end('new'), {
    host: '127.0.0.2',
    port: old.port,
  });
  let addresses: LookupAddress[] | Error = v4('127.0.0.1');
  let asked = 0;
  const gateway = await testGateway(
    {
      upstreams: {
        up: { targets: [{ url: `http://shop.test:${old.port}` }], dns: { refresh: '2s' } },
      },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    },
    {
      resolve: async (hostname) => {
        expect(hostname).toBe('shop.test');
        asked++;
        if (addresses instanceof Error) throw addresses;
        return addresses;
      },
    },
  );
  const answer = async (): Promise<string> => (await call(gateway.url, '/')).body.toString();

  expect(await answer()).toBe('old');
  expect(await answer()).toBe('old');
  expect(asked, 'once for both').toBe(1);
  const running = await rawClient(gateway.url);
  running.send('GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await running.until('be');

  addresses = v4('127.0.0.2');
  await eventually(async () => (await answer()) === 'new');
  finish();
  const [whole] = await running.untilClosed();
  expect(whole?.body, 'the stream was not cut').toContain('gun');

  addresses = new Error('SERVFAIL');
  const before = asked;
  await eventually(() => asked > before + 1, 30_000);
  expect(await answer()).toBe('new');
  expect(gateway.lines.filter(({ msg }) => msg.startsWith('a name can’t be resolved again'))).toHaveLength(1);
});

it('a name without an address is a 502, and is asked for again by the next request', async () => {
  const up = await backend((_request, response) => response.end('there'));
  let isKnown = false;
  const gateway = await testGateway(
    {
      upstreams: { up: { targets: [{ url: `http://shop.test:${up.port}` }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    },
    { resolve: async () => (isKnown ? v4('127.0.0.1') : []) },
  );
  const failed = await call(gateway.url, '/');
  expect([failed.status, JSON.parse(failed.body.toString()).code]).toEqual([502, 'upstream_connect']);
  isKnown = true;
  expect((await call(gateway.url, '/')).body.toString()).toBe('there');
});

it('connections are spread over the addresses of a name', async () => {
  // Nobody is answered before all are there: no connection serves two.
  const waiting: (() => void)[] = [];
  const holds = (name: string) => (_request: unknown, response: ServerResponse) =>
    void waiting.push(() => response.end(name));
  const one = await backend(holds('1'));
  await backend(holds('2'), { host: '127.0.0.2', port: one.port });
  const gateway = await testGateway(
    {
      upstreams: { up: { targets: [{ url: `http://shop.test:${one.port}` }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
    },
    { resolve: async () => v4('127.0.0.1', '127.0.0.2') },
  );
  const calls = Array.from({ length: 6 }, () => call(gateway.url, '/'));
  await eventually(() => waiting.length === calls.length);
  for (const answer of waiting) answer();
  const answers = await Promise.all(calls);
  expect(
    answers
      .map(({ body }) => body.toString())
      .sort()
      .join(''),
  ).toBe('111222');
});
