import { expect, onTestFinished, test } from 'vitest';
import type { DetectionEvent } from '../../src/contracts/finding.ts';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { tickedGateway } from '../helpers/ticks.ts';
import { detection } from '../helpers/told-engine.ts';

/** A request of each of several users. */
const visits = (gateway: TestGateway): Promise<unknown> =>
  Promise.all(
    Array.from({ length: 8 }, async (_, user) => {
      const answer = await fetch(`${gateway.url}/shop/x`, { headers: { 'x-user-id': `user-${user}` } });
      await answer.arrayBuffer();
    }),
  );

interface Shop {
  config: object;
  /** The target that fails on demand. */
  bad: string;
  fails(yes: boolean): void;
}

async function shop(): Promise<Shop> {
  let fails = false;
  const good = await backend((_, response) => response.end('good'));
  const bad = await backend((_, response) => {
    response.statusCode = fails ? 500 : 200;
    response.end('bad');
  });
  return {
    config: {
      upstreams: { shop: { targets: [{ url: good.url }, { url: bad.url }] } },
      routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
    },
    bad: bad.url,
    fails: (yes) => {
      fails = yes;
    },
  };
}

function detections(gateway: TestGateway): DetectionEvent[] {
  const seen: DetectionEvent[] = [];
  onTestFinished(gateway.engine?.onDetection((event) => seen.push(event)) ?? (() => undefined));
  return seen;
}

test('a target that begins to fail is found, with its place and its cause, and its end is told', async () => {
  const { config, bad, fails } = await shop();
  const gateway = await tickedGateway(config);
  const seen = detections(gateway);
  const traffic = () => visits(gateway);
  await gateway.pass(6, traffic);
  fails(true);
  const { detection } = await gateway.until(() => seen.find(({ kind }) => kind === 'opened'), traffic);
  expect(detection).toMatchObject({
    detector: 'errors',
    reason: 'upstream_5xx',
    where: { scopes: [{ upstream: 'shop', target: bad }] },
    cause: { kind: 'target' },
  });
  expect(detection.evidence.bad.length).toBeGreaterThan(0);
  const [request] = gateway.engine?.queries.requests({ id: detection.evidence.bad[0] ?? '' }) ?? [];
  expect(request).toMatchObject({ status: 500, scope: { target: bad } });
  fails(false);
  await gateway.until(() => seen.some(({ kind }) => kind === 'ended'), traffic);
});

test('the thread that is killed is replaced, and what was open stays open', async () => {
  const { config, fails } = await shop();
  const gateway = await tickedGateway(config);
  const seen = detections(gateway);
  const traffic = () => visits(gateway);
  const { engine } = gateway;
  if (!engine) throw new Error('the engine is on by default');
  await gateway.pass(6, traffic);
  fails(true);
  const { detection } = await gateway.until(() => seen.find(({ kind }) => kind === 'opened'), traffic);
  await engine.crash();
  await expect(gateway.tick()).rejects.toThrow('the engine does not run');
  await eventually(() => engine.status.restarts === 1 && engine.status.state === 'running');
  expect(seen.filter(({ kind }) => kind === 'ended')).toEqual([]);
  // The new thread goes on with it: newer figures of the same, and its end when it is over.
  const isTold = (said: string) => () =>
    seen.some(({ kind, detection: of }) => kind === said && of.fingerprint === detection.fingerprint);
  await gateway.until(isTold('updated'), traffic);
  fails(false);
  await gateway.until(isTold('ended'), traffic);
  expect(await gateway.metric('gateway_engine_restarts_total')).toBe(1);
});

test('a breaker that is open stays found when the thread is replaced, though nothing passes, and ends when it closes', async () => {
  const { config } = await shop();
  const { targets } = (config as { upstreams: { shop: { targets: object[] } } }).upstreams.shop;
  const breaker = { errorRate: '50%', minRequests: 5, window: '30s', open: '60s' };
  const gateway = await tickedGateway({ ...config, upstreams: { shop: { targets, breaker } } });
  const seen = detections(gateway);
  const { engine } = gateway;
  if (!engine) throw new Error('the engine is on by default');
  const say = (state: string) => admin(gateway, '/api/upstreams/shop/breaker', { body: { state } });
  const isTold = (said: string) => () =>
    seen.find(({ kind, detection }) => kind === said && detection.reason === 'breaker_open');
  await gateway.pass(6, () => visits(gateway));
  await say('open');
  await gateway.until(isTold('opened'), async () => undefined);
  await engine.crash();
  await eventually(() => engine.status.restarts === 1 && engine.status.state === 'running');
  await gateway.pass(30, async () => undefined);
  expect(isTold('ended')()).toBeUndefined();
  await say('closed');
  await gateway.until(isTold('ended'), async () => undefined);
});

test('what another replica’s engine has found open is gone on with, once, and ended when it is not seen here', async () => {
  const { config } = await shop();
  const gateway = await tickedGateway(config);
  const seen = detections(gateway);
  const { engine } = gateway;
  if (!engine) throw new Error('the engine is on by default');
  await gateway.pass(2, () => visits(gateway));
  const open = detection({
    fingerprint: 'state/state:breaker_open/*',
    detector: 'state',
    reason: 'breaker_open',
  });
  for (let beat = 0; beat < 3; beat++) engine.resume([open]);
  const isEnd = ({ kind, detection: of }: DetectionEvent): boolean =>
    kind === 'ended' && of.fingerprint === open.fingerprint;
  await gateway.until(
    () => seen.some(isEnd),
    () => visits(gateway),
  );
  await gateway.pass(14, () => visits(gateway));
  expect(seen.filter(isEnd)).toHaveLength(1);
  expect(seen.find(isEnd)?.detection.when.until).toBeGreaterThan(0);
});

test('by its timer ticks go on being told while nothing is wrong, and the map of the traffic can be asked for', async () => {
  const { config, bad } = await shop();
  const gateway = await testGateway({ hypercare: { tick: '100ms' }, ...config });
  const edges = await eventually(async () => {
    await visits(gateway);
    const map = (await gateway.engine?.queries.trafficMap()) ?? [];
    return map.some(({ to }) => to.value === bad) && map;
  });
  expect(edges.find(({ from }) => from.dimension === 'gateway')?.to).toEqual({
    dimension: 'route',
    value: 'shop',
  });
  const rates = await eventually(async () => {
    await visits(gateway);
    const points = await gateway.engine?.queries.rates({
      signal: 'errors',
      scope: { route: 'shop' },
      from: 0,
      to: Date.now() + 60_000,
      step: 'tick',
    });
    return points && points.length > 1 && points;
  });
  expect(rates.every(({ bad: errors }) => errors === 0)).toBe(true);
  await expect(gateway.tick()).rejects.toThrow('the engine ticks by its timer');
});
