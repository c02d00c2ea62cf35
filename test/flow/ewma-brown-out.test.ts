import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

it('under ewma a target that answers in 2 s instead of 20 ms has lost its traffic within 5 s', async () => {
  let slow = 20;
  const asked = [0, 0, 0, 0];
  const targets = await Promise.all(
    asked.map((_, i) =>
      backend((_request, response) => {
        asked[i] = (asked[i] ?? 0) + 1;
        setTimeout(() => response.end(), i === 0 ? slow : 20);
      }),
    ),
  );
  const gateway = await testGateway({
    upstreams: { up: { targets: targets.map(({ url }) => ({ url })), balance: 'ewma' } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) expect((await call(gateway.url, '/')).status).toBe(200);
  };
  const clients = Array.from({ length: 12 }, client);
  const total = (): number => asked.reduce((a, b) => a + b);
  const shareOfNext = async (requests: number): Promise<number> => {
    asked.fill(0);
    await eventually(() => total() >= requests);
    return (asked[0] ?? 0) / total();
  };

  expect(await shareOfNext(300)).toBeGreaterThan(0.1);
  slow = 2_000;
  await eventually(async () => (await shareOfNext(200)) < 0.02, 5_000);
  expect(await shareOfNext(400), 'and it does not get it back').toBeLessThan(0.02);
  isOver = true;
  await Promise.all(clients);
}, 30_000);

it('a target that hangs does not look idle because its clients give up', async () => {
  const asked = [0, 0, 0];
  const targets = await Promise.all(
    asked.map((_, i) =>
      backend((_request, response) => {
        asked[i] = (asked[i] ?? 0) + 1;
        if (i > 0) setTimeout(() => response.end(), 20);
      }),
    ),
  );
  const gateway = await testGateway({
    upstreams: { up: { targets: targets.map(({ url }) => ({ url })), balance: 'ewma' } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const ask = (): Promise<unknown> =>
    // Far longer than a healthy answer takes, on a busy machine too.
    fetch(gateway.url, { signal: AbortSignal.timeout(1000) }).then(
      (response) => response.text(),
      (error: Error) => expect(error.name).toBe('TimeoutError'),
    );
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 4 }, ask));
  asked.fill(0);
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 4 }, ask));
  expect(asked[0]).toBeLessThan(8);
});
