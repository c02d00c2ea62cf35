import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

const HEALTH = { path: '/healthz', interval: '100ms', timeout: '5s', healthy: 2, unhealthy: 2 };

it('a bad instance is found by its health check before a client meets it, and comes back when it is well', async () => {
  let isWell = true;
  let asked = 0;
  const good = await backend((_request, response) => response.end('good'));
  const bad = await backend((request, response) => {
    if (request.url === '/healthz') {
      asked++;
      expect(request.headers.host).toBe(new URL(bad.url).host);
      response.writeHead(isWell ? 200 : 500).end();
    } else response.end('bad');
  });
  const targets = [good, good, bad].map(({ url }, i) => ({ url: i === 1 ? `${url}/two` : url }));
  const config = (extra: object = {}) => ({
    upstreams: { up: { targets, health: HEALTH, slowStart: '0s', ...extra } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const gateway = await testGateway(config());
  const answers = async (): Promise<string> => {
    const bodies = [];
    for (let i = 0; i < 6; i++) bodies.push((await call(gateway.url, '/')).body.toString());
    return bodies.sort().join(' ');
  };
  const healthy = (): Promise<number> =>
    gateway.metric('gateway_upstream_healthy', { upstream: 'up', target: bad.url });
  const changes = () => gateway.lines.filter(({ msg, kind }) => msg === 'state changed' && kind === 'health');

  expect(await answers()).toBe('bad bad good good good good');
  isWell = false;
  await eventually(async () => (await healthy()) === 0);
  expect(await answers()).toBe('good good good good good good');
  expect(changes()).toEqual([
    expect.objectContaining({ subject: `up ${bad.url}`, to: 'unhealthy', reason: '/healthz: answered 500' }),
  ]);

  await gateway.write(config({ panic: '40%' }));
  expect(await gateway.reload()).toBe(true);
  expect(await answers(), 'a reload does not forget it').toBe('good good good good good good');

  isWell = true;
  await eventually(async () => (await healthy()) === 1);
  expect(await answers()).toBe('bad bad good good good good');
  expect(changes()).toHaveLength(2);
  expect(asked).toBeGreaterThan(3);

  isWell = false;
  await eventually(async () => (await healthy()) === 0);
  await gateway.write(config({ health: undefined }));
  expect(await gateway.reload()).toBe(true);
  await eventually(async () => (await healthy()) === 1);
  const before = asked;
  expect(await answers(), 'nobody checks it any more').toBe('bad bad good good good good');
  expect(asked).toBe(before);

  await gateway.write(config());
  expect(await gateway.reload()).toBe(true);
  await eventually(async () => (await healthy()) === 0);
  const told = changes().length;
  await gateway.close();
  expect(changes().slice(told), 'the end of the process changes nothing').toEqual([]);
});

it('when nearly all fail their checks, all are used, and it is said', async () => {
  const sick = new Set<string>();
  const targets = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      backend((request, response) => {
        if (request.url === '/healthz' && sick.has(name)) response.statusCode = 503;
        response.end(name);
      }),
    ),
  );
  const gateway = await testGateway({
    upstreams: { up: { targets: targets.map(({ url }) => ({ url })), health: HEALTH, slowStart: '0s' } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const answers = async (): Promise<string> => {
    const bodies = [];
    for (let i = 0; i < 6; i++) bodies.push((await call(gateway.url, '/')).body.toString());
    return bodies.sort().join('');
  };
  sick.add('a');
  await eventually(async () => (await gateway.metric('gateway_upstream_healthy')) === 2);
  expect(await answers()).toBe('bbbccc');
  expect(await gateway.metric('gateway_upstream_panic')).toBe(0);
  sick.add('b');
  await eventually(async () => (await gateway.metric('gateway_upstream_panic', { upstream: 'up' })) === 1);
  expect(await answers()).toBe('aabbcc');
  sick.clear();
  await eventually(async () => (await gateway.metric('gateway_upstream_panic', { upstream: 'up' })) === 0);
  expect(gateway.lines.filter(({ kind }) => kind === 'panic').map(({ from, to }) => `${from} ${to}`)).toEqual(
    ['off on', 'on off'],
  );
});
