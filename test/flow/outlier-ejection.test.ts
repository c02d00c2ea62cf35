import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { backendProcess } from '../helpers/backend-process.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

const OUTLIER = { consecutiveFailures: 3, eject: '500ms', maxEject: '30s', maxEjected: '50%' };

it('of four targets one is killed: it is out after three failures, tried now and then, and comes back slowly', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const processes = await Promise.all(names.map((name) => backendProcess(name)));
  const [dead] = processes as [(typeof processes)[0]];
  const gateway = await testGateway({
    upstreams: {
      up: { targets: processes.map(({ url }) => ({ url })), outlier: OUTLIER, slowStart: '6s' },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const ask = async (): Promise<string> => {
    const { status, body } = await call(gateway.url, '/');
    return status === 200 ? body.toString() : String(status);
  };
  const asks = async (count: number): Promise<string[]> => {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push(await ask());
    return answers;
  };
  const changes = () => gateway.lines.filter(({ kind }) => kind === 'ejection');

  expect((await asks(8)).sort().join('')).toBe('aabbccdd');
  await dead.kill9();
  await eventually(async () => {
    await ask();
    return changes().length > 0;
  });
  expect(changes()[0]).toMatchObject({ subject: `up ${dead.url}`, to: 'ejected', by: 'gateway' });
  expect(changes()[0]?.reason).toMatch(/^3 failures in a row, ejection 1/);
  // As long as it is dead, each return ends with its first failure, and the time out doubles.
  await eventually(async () => {
    await ask();
    return changes().length >= 5;
  }, 30_000);
  expect(changes().map(({ to }) => to)).toEqual(['ejected', 'returned', 'ejected', 'returned', 'ejected']);
  expect(changes()[4]?.reason).toMatch(/^\d+ failures? in a row, ejection 3, for 2000 ms/);
  // Well within that time, as is its restart.
  const others = await asks(9);
  expect(others.sort().join('')).toBe('bbbcccddd');
  expect(await gateway.metric('gateway_upstream_healthy', { target: dead.url })).toBe(0);

  await dead.restart();
  await eventually(() => changes().length === 6);
  const share = async (): Promise<number> => (await asks(40)).filter((name) => name === 'a').length / 40;
  expect(await share(), 'a tenth of its weight, at first').toBeLessThan(0.2);
  await eventually(async () => (await share()) === 0.25, 20_000);
  expect(await gateway.metric('gateway_upstream_healthy', { target: dead.url })).toBe(1);
  expect(changes()).toHaveLength(6);
});

it('never more than the largest share is out, however many fail', async () => {
  const targets = await Promise.all(
    [500, 500, 500, 200].map((status) => backend((_request, response) => response.writeHead(status).end())),
  );
  const gateway = await testGateway({
    upstreams: {
      up: { targets: targets.map(({ url }) => ({ url })), outlier: { ...OUTLIER, eject: '60s' } },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  for (let i = 0; i < 40; i++) await call(gateway.url, '/');
  expect(await gateway.metric('gateway_upstream_healthy')).toBe(2);
  const statuses = [];
  for (let i = 0; i < 6; i++) statuses.push((await call(gateway.url, '/')).status);
  expect(statuses.sort()).toEqual([200, 200, 200, 500, 500, 500]);
  expect(await gateway.metric('gateway_upstream_panic')).toBe(0);
});
