import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

it('targets take their turns by weight, and a reload does not start the rotation again', async () => {
  const names = ['a', 'b', 'c'];
  const targets = await Promise.all(names.map((name) => backend((_request, response) => response.end(name))));
  const config = (weights: number[], extra: object[] = []) => ({
    upstreams: { up: { targets: targets.map(({ url }, i) => ({ url, weight: weights[i] })) } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }, ...extra],
  });
  const gateway = await testGateway(config([3, 1, 0]));
  const next = async (): Promise<string> => (await call(gateway.url, '/')).body.toString();
  const turns = async (count: number): Promise<string> => {
    let order = '';
    for (let i = 0; i < count; i++) order += await next();
    return order;
  };

  const round = await turns(4);
  expect([...round].sort().join('')).toBe('aaab');
  expect(await turns(8)).toBe(round + round);

  const begun = await turns(1);
  await gateway.write(config([3, 1, 0], [{ name: 'more', match: { path: '/more' }, upstream: 'up' }]));
  expect(await gateway.reload()).toBe(true);
  expect(begun + (await turns(3)), 'goes on where it was').toBe(round);

  await gateway.write(config([1, 1, 1]));
  expect(await gateway.reload()).toBe(true);
  expect([...(await turns(3))].sort().join('')).toBe('abc');
  const url = targets[0]?.url as string;
  expect(
    await gateway.metric('gateway_upstream_requests_total', { target: url, outcome: '2xx' }),
  ).toBeGreaterThan(9);
});
