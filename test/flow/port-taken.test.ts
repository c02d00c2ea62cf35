import { expect, it } from 'vitest';
import { gatewayProcess } from '../helpers/gateway-process.ts';

const CONFIG = {
  upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
};

// The kernel would let it in beside the first, and give each of them some of the connections.
it.each([
  1, 2,
])('a second gateway at the same port, with %i workers, says that it is taken and ends', async (workers) => {
  const first = await gatewayProcess({ ...CONFIG, server: { listen: '127.0.0.1:0', workers } });
  const listen = new URL(first.url).host;
  const second = gatewayProcess({ ...CONFIG, server: { listen, workers } });
  await expect(second).rejects.toThrow(`${listen} is taken`);
  expect((await first.get('/livez')).status).toBe(200);
}, 120_000);
