import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

const SESSIONS = Array.from({ length: 200 }, (_, i) => `session-${i}`);

it('a client stays at its part of a split across reloads, and as few as must change sides', async () => {
  const told: IncomingHttpHeaders[] = [];
  const [stable, canary] = await Promise.all(
    ['stable', 'canary'].map((name) =>
      backend((request, response) => {
        told.push(request.headers);
        response.end(name);
      }),
    ),
  );
  const config = (weights: [number, number], extra: object = {}) => ({
    upstreams: { stable: { targets: [{ url: stable?.url }] }, canary: { targets: [{ url: canary?.url }] } },
    routes: [
      {
        name: 'shop',
        match: { path: '/*' },
        split: [
          { upstream: 'stable', weight: weights[0] },
          { upstream: 'canary', weight: weights[1] },
        ],
        ...extra,
      },
    ],
  });
  const gateway = await testGateway(config([80, 20]));
  const apply = async (...next: Parameters<typeof config>): Promise<void> => {
    await gateway.write(config(...next));
    expect(await gateway.reload()).toBe(true);
  };
  const ask = async (headers: Record<string, string>): Promise<string> =>
    (await call(gateway.url, '/', { headers })).body.toString();
  const sides = async (): Promise<string[]> => {
    const answers = [];
    for (const session of SESSIONS) answers.push(await ask({ 'x-session-id': session }));
    return answers;
  };

  const first = await sides();
  const share = first.filter((side) => side === 'canary').length / SESSIONS.length;
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.3);
  expect(await ask({ cookie: 'a=1; x-session-id=session-3' }), 'a cookie does as well').toBe(first[3]);

  await apply([80, 20], { priority: 'high' });
  expect(await sides()).toEqual(first);

  await apply([60, 40]);
  const grown = await sides();
  expect(grown.filter((side, i) => side !== first[i] && side !== 'canary')).toEqual([]);
  expect(grown.filter((side) => side === 'canary').length).toBeGreaterThan(share * SESSIONS.length);

  await apply([0, 5]);
  expect(new Set(await sides())).toEqual(new Set(['canary']));

  await apply([60, 40], { sticky: ['session'] });
  const byChance = new Set<string>();
  for (let i = 0; i < 60; i++) byChance.add(await ask({}));
  expect(byChance.size, 'with nothing to stick to, chance decides').toBe(2);

  told.length = 0;
  const side = await ask({
    'x-session-id': 'session-3',
    'x-gateway-variant': 'mine',
    'x-gateway-shadow': '1',
  });
  expect(told[0]?.['x-gateway-variant']).toBe(side);
  expect(told[0]).not.toHaveProperty('x-gateway-shadow');
  const line = await gateway.accessLine(({ variant }) => variant === 'canary');
  expect(line).toMatchObject({ route: 'shop', upstream: 'canary', target: canary?.url });
  expect(
    await gateway.metric('gateway_split_requests_total', {
      route: 'shop',
      variant: 'canary',
      status_class: '2xx',
    }),
  ).toBeGreaterThan(SESSIONS.length);
});

it('a consumer stays at its part from wherever it calls', async () => {
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) => backend((_request, response) => response.end(name))),
  );
  const keys = Array.from({ length: 12 }, (_, i) => `key-of-consumer-${i}`);
  const gateway = await testGateway({
    server: { trustProxy: ['127.0.0.1'] },
    consumers: keys.map((key, i) => ({
      name: `c${i}`,
      keys: [{ id: 'k', sha256: createHash('sha256').update(key).digest('hex') }],
    })),
    upstreams: { one: { targets: [{ url: one?.url }] }, two: { targets: [{ url: two?.url }] } },
    routes: [
      {
        name: 'shop',
        match: { path: '/*' },
        split: [
          { upstream: 'one', weight: 1 },
          { upstream: 'two', weight: 1 },
        ],
        policies: [{ 'auth-api-key': {} }],
      },
    ],
  });
  const seen = new Set<string>();
  for (const key of keys) {
    const sides = new Set<string>();
    for (const address of ['10.1.1.1', '10.2.2.2', '10.3.3.3']) {
      const headers = { 'x-api-key': key, 'x-forwarded-for': address };
      sides.add((await call(gateway.url, '/', { headers })).body.toString());
    }
    expect(sides.size).toBe(1);
    for (const side of sides) seen.add(side);
  }
  expect(seen.size).toBe(2);
});
