import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { type Answer, call } from '../helpers/raw-http.ts';

it('cache, retries, another upstream, a stale answer, one from the config: each where nothing better is left', async () => {
  let skew = 0;
  let isUpWell = true;
  let isOtherWell = true;
  const up = await backend((_request, response) => {
    if (isUpWell) response.end('from up');
    else response.destroy();
  });
  const other = await backend((_request, response) => {
    response.writeHead(isOtherWell ? 200 : 503, { 'cache-control': 'no-store' }).end('from other');
  });
  const gateway = await testGateway(
    {
      upstreams: {
        up: { targets: [{ url: up.url }], retry: { attempts: 2, budget: '100%' } },
        other: { targets: [{ url: other.url }] },
      },
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'up',
          fallback: { upstream: 'other', status: 200, body: 'from the config' },
          policies: [{ 'response-cache': { ttl: '30s', staleIfError: '5m' } }],
        },
      ],
    },
    { now: () => Date.now() + skew },
  );
  const ask = async (): Promise<[string, unknown, unknown]> => {
    const answer: Answer = await call(gateway.url, '/');
    const { 'x-gateway-fallback': fallback, 'cache-status': cache } = answer.headers;
    return [answer.body.toString(), fallback, String(cache).split(';')[1]?.trim()];
  };

  expect(await ask()).toEqual(['from up', undefined, 'fwd=miss']);
  isUpWell = false;
  expect(await ask(), 'fresh: nobody is asked').toEqual(['from up', undefined, 'hit']);

  skew = 60_000;
  expect(await ask(), 'both attempts fail').toEqual(['from other', 'other', 'fwd=miss']);
  expect(await gateway.metric('gateway_retries_total', { upstream: 'up' })).toBe(1);

  isOtherWell = false;
  isUpWell = true;
  await ask();
  isUpWell = false;
  skew = 120_000;
  expect(await ask(), 'stale').toEqual(['from up', 'stale', 'hit']);
  await gateway.accessLine((line) => line.fallback === 'stale' && line.cache === 'stale');
  expect(await gateway.metric('gateway_fallbacks_total', { fallback: 'stale' })).toBe(1);
  expect(
    await gateway.metric('gateway_upstream_requests_total', { upstream: 'other', outcome: '5xx' }),
    'that the client got an answer makes none of the upstream’s',
  ).toBe(1);

  skew = 600_000;
  expect(await ask(), 'too old to be given').toEqual(['from the config', 'static', undefined]);
});

it('an answer of the upstream that stands in is not kept as the other’s', async () => {
  let skew = 0;
  let isUpWell = true;
  const up = await backend((request, response) => {
    if (!isUpWell) response.writeHead(503).end();
    else if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
    else response.setHeader('etag', '"1"').end('from up');
  });
  const other = await backend((request, response) => {
    if (request.headers['if-none-match']) response.writeHead(304).end();
    else response.end('from other');
  });
  const gateway = await testGateway(
    {
      upstreams: { up: { targets: [{ url: up.url }] }, other: { targets: [{ url: other.url }] } },
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'up',
          fallback: { upstream: 'other' },
          policies: [{ 'response-cache': { ttl: '1h' } }],
        },
      ],
    },
    { now: () => Date.now() + skew },
  );
  const ask = async (path: string): Promise<unknown[]> => {
    const { body, headers } = await call(gateway.url, path);
    return [
      body.toString(),
      headers['x-gateway-fallback'],
      String(headers['cache-status']).split(';')[1]?.trim(),
    ];
  };
  isUpWell = false;
  expect(await ask('/a')).toEqual(['from other', 'other', 'fwd=miss']);
  isUpWell = true;
  expect(await ask('/a')).toEqual(['from up', undefined, 'fwd=miss']);
  expect(await ask('/a')).toEqual(['from up', undefined, 'hit']);

  skew = 2 * 3_600_000;
  isUpWell = false;
  expect(await ask('/a'), 'what it confirms is given, and not renewed').toEqual([
    'from up',
    'other',
    'fwd=stale',
  ]);
  isUpWell = true;
  expect(await ask('/a')).toEqual(['from up', undefined, 'fwd=stale']);
});
