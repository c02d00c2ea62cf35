import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { startTraffic } from '../../../src/demo/traffic.ts';

test('traffic covers every route with its key, reuses connections, counts failures and stops', async () => {
  const seen = new Map<string, string | undefined>();
  let connections = 0;
  const gateway = createServer((req, res) => {
    const path = (req.url ?? '').replace(/p-\d+/, ':id');
    seen.set(`${req.method} ${path}`, req.headers.authorization);
    res.statusCode = path.endsWith('/recommendations') ? 503 : 200;
    req.resume().once('end', () => res.end('{}'));
  }).listen(0, '127.0.0.1');
  gateway.on('connection', () => {
    connections += 1;
  });
  await once(gateway, 'listening');

  const stop = new AbortController();
  const traffic = startTraffic({
    gatewayUrl: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
    apiKey: 'shop',
    botKey: 'bot',
    requestsPerSecond: 400,
    signal: stop.signal,
  });
  await expect.poll(() => traffic.counts.sent).toBeGreaterThan(60);
  stop.abort();
  await traffic.done;
  const { sent, failed } = traffic.counts;

  expect(Object.fromEntries(seen)).toEqual({
    'GET /api/v1/products/:id': undefined,
    'GET /api/v1/products/:id/stock': undefined,
    'GET /api/v1/recommendations': undefined,
    'POST /api/v1/checkout': 'Bearer shop',
    'POST /v1/chat/completions': 'Bearer bot',
  });
  expect(failed / sent).toBeGreaterThan(0.1);
  expect(failed / sent).toBeLessThan(0.2);
  expect(connections).toBeLessThan(20);
  gateway.close();
  await once(gateway, 'close');
  expect(traffic.counts).toEqual({ sent, failed });
});

test('a gateway that is away is a failure, not an exception', async () => {
  const away = createServer().listen(0, '127.0.0.1');
  await once(away, 'listening');
  const gatewayUrl = `http://127.0.0.1:${(away.address() as AddressInfo).port}`;
  await new Promise((resolve) => away.close(resolve));
  const stop = new AbortController();
  const keys = { apiKey: 'a', botKey: 'b' };
  const traffic = startTraffic({ gatewayUrl, ...keys, requestsPerSecond: 200, signal: stop.signal });
  await expect.poll(() => traffic.counts.failed).toBeGreaterThan(2);
  stop.abort();
  await traffic.done;
});
