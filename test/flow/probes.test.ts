import { expect, it } from 'vitest';
import { testGateway } from '../helpers/gateway.ts';

const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
};

it('probes are on both listeners, metrics on the admin’s only', async () => {
  const gateway = await testGateway({});
  for (const base of [gateway.url, gateway.adminUrl]) {
    expect(await statusOf(`${base}/livez`)).toBe(200);
    expect(await statusOf(`${base}/readyz`)).toBe(200);
  }
  expect(await statusOf(`${gateway.adminUrl}/metrics`)).toBe(200);
  expect(await statusOf(`${gateway.url}/metrics`)).toBe(404);
  const nothing = await fetch(`${gateway.adminUrl}/nothing`);
  expect(nothing.headers.get('content-type')).toBe('application/problem+json');
});

it('a probe is no traffic: it is in neither log nor metrics', async () => {
  const gateway = await testGateway({});
  for (let i = 0; i < 5; i++) await statusOf(`${gateway.url}/readyz`);
  expect(await statusOf(`${gateway.url}/traffic`)).toBe(404);
  await gateway.accessLine(({ path }) => path === '/traffic');
  expect(gateway.lines.filter(({ msg }) => msg === 'request')).toHaveLength(1);
  expect(await gateway.metric('gateway_requests_total')).toBe(1);
});

it('for as long as the config says it is unready before it stops listening', async () => {
  const gateway = await testGateway({ server: { timeouts: { unready: '3s' } } });
  const closing = gateway.close();
  expect(await statusOf(`${gateway.url}/readyz`)).toBe(503);
  expect(await statusOf(`${gateway.url}/livez`)).toBe(200);
  await closing;
  await expect(fetch(`${gateway.url}/readyz`)).rejects.toThrow();
});

it('an admin listener that strangers can reach needs a token', async () => {
  await expect(testGateway({ admin: { listen: '0.0.0.0:0' } })).rejects.toThrow(/admin/);
});
