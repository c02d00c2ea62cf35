import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';

it('a revision reaches all workers or none, and is one revision', async () => {
  const a = await backend((_request, response) => response.end('a'));
  const b = await backend((_request, response) => response.end('b'));
  const config = (url: string, extra: object = {}) => ({
    server: { workers: 2 },
    upstreams: { up: { targets: [{ url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', ...extra }] as object,
  });
  const gateway = await gatewayProcess(config(a.url));
  const said = async (count = 10) => new Set((await gateway.gets('/', count)).map(({ body }) => body));
  expect(await said()).toEqual(new Set(['a']));

  await gateway.write(config(b.url));
  await eventually(async () => (await gateway.metric('gateway_config_revision')) === 2);
  expect(await said()).toEqual(new Set(['b']));

  await gateway.write(config(a.url, { upstream: 'nowhere' }));
  await eventually(() => gateway.out().includes('the new config is refused'));
  expect(await said()).toEqual(new Set(['b']));
  expect(gateway.out().match(/the new config is refused/g)).toHaveLength(1);
  await gateway.write(config(b.url));

  const patch = [{ op: 'replace', path: '/upstreams/up/targets/0/url', value: a.url }];
  const applied = await gateway.admin('/api/revisions', { patch });
  expect([applied.status, applied.body.revision]).toEqual([200, 3]);
  // Who is told that it serves gets it from each worker.
  expect(await said()).toEqual(new Set(['a']));
  const { items } = (await gateway.admin('/api/revisions')).body as { items: { number: number }[] };
  expect(items.map(({ number }) => number)).toEqual([3, 2, 1]);
  expect(await gateway.metric('gateway_config_reloads_total', 'applied')).toBe(3);
  await eventually(() => gateway.lines().filter(({ kind }) => kind === 'revision').length === 3);
}, 120_000);

it('a purge reaches what each worker keeps', async () => {
  let asked = 0;
  const shop = await backend((_request, response) => {
    asked++;
    response.setHeader('cache-control', 'max-age=3600').end('kept');
  });
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    upstreams: { up: { targets: [{ url: shop.url }] } },
    routes: [
      { name: 'all', match: { path: '/*' }, upstream: 'up', policies: [{ 'response-cache': { ttl: '1h' } }] },
    ] as object,
  });
  await gateway.gets('/x', 30);
  expect(asked, 'each worker has its own').toBe(2);
  expect((await gateway.admin('/api/cache/purge', { route: 'all' })).body).toEqual({ purged: 2 });
  await gateway.gets('/x', 30);
  expect(asked).toBe(4);

  // As does a change that succeeded, whichever worker it came through.
  for (const more of [3, 6]) {
    await (await fetch(`${gateway.url}/x`, { method: 'POST' })).text();
    await gateway.gets('/x', 30);
    expect(asked).toBe(4 + more);
  }

  // Of one that hangs nobody knows, until it goes on.
  const [stopped = 0] = await gateway.workers();
  process.kill(stopped, 'SIGSTOP');
  const refused = await gateway
    .admin('/api/cache/purge', { all: true })
    .finally(() => process.kill(stopped, 'SIGCONT'));
  expect(refused.status).toBe(503);
  expect(JSON.stringify(refused.body)).toContain('worker_unresponsive');
  expect(JSON.stringify(refused.body)).toContain(`Worker ${stopped} `);
  await eventually(async () => (await gateway.admin('/api/cache/purge', { all: true })).status === 200);
  await gateway.gets('/x', 30);
  expect(asked).toBe(12);
}, 120_000);

it('what tells requests apart is taken from the new headers in each worker', async () => {
  const shop = await backend((_request, response) => response.end('ok'));
  const config = (header: string) => ({
    server: { workers: 2 },
    hypercare: { enabled: true, signals: { region: { header } } },
    upstreams: { up: { targets: [{ url: shop.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }] as object,
  });
  const gateway = await gatewayProcess(config('x-region'));
  await gateway.write(config('x-site'));
  await eventually(async () => (await gateway.metric('gateway_config_revision')) === 2);

  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(`${gateway.url}/`, { headers: { 'x-region': 'old', 'x-site': 'new' } }),
    ),
  );
  await Promise.all(answers.map((answer) => answer.text()));

  const regions = await eventually(async () => {
    const { items } = (await gateway.admin('/api/requests')).body as {
      items: { scope: { region: string } }[];
    };
    return items.length === 20 && items.map(({ scope }) => scope.region);
  });
  expect(new Set(regions)).toEqual(new Set(['new']));
}, 120_000);
