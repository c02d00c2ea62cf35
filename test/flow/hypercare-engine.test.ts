import { expect, onTestFinished, test } from 'vitest';
import type { DetectionEvent } from '../../src/contracts/finding.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';

/** Requests of several users, until the test is over. */
function traffic(gateway: TestGateway): void {
  let isOver = false;
  const clients = Array.from({ length: 4 }, async (_, user) => {
    while (!isOver) {
      const answer = await fetch(`${gateway.url}/shop/x`, { headers: { 'x-user-id': `user-${user}` } });
      await answer.arrayBuffer();
    }
  });
  onTestFinished(async () => {
    isOver = true;
    await Promise.all(clients);
  });
}

async function shop(): Promise<{ gateway: TestGateway; bad: string; fails(yes: boolean): void }> {
  let fails = false;
  const good = await backend((_, response) => response.end('good'));
  const bad = await backend((_, response) => {
    response.statusCode = fails ? 500 : 200;
    response.end('bad');
  });
  const gateway = await testGateway({
    hypercare: { tick: '100ms', confirm: '600ms' },
    upstreams: { shop: { targets: [{ url: good.url }, { url: bad.url }] } },
    routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
  });
  return {
    gateway,
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
  const { gateway, bad, fails } = await shop();
  const seen = detections(gateway);
  traffic(gateway);
  await eventually(() => (gateway.engine?.status.lastTickAt ?? 0) > 0);
  fails(true);
  const { detection } = await eventually(() => seen.find(({ kind }) => kind === 'opened'), 20_000);
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
  await eventually(() => seen.some(({ kind }) => kind === 'ended'), 20_000);
});

test('the thread that is killed is replaced, and what was open stays open', async () => {
  const { gateway, fails } = await shop();
  const seen = detections(gateway);
  const { engine } = gateway;
  if (!engine) throw new Error('the engine is on by default');
  traffic(gateway);
  fails(true);
  const { detection } = await eventually(() => seen.find(({ kind }) => kind === 'opened'), 20_000);
  await engine.crash();
  await eventually(() => engine.status.restarts === 1 && engine.status.state === 'running');
  expect(seen.filter(({ kind }) => kind === 'ended')).toEqual([]);
  // The new thread goes on with it: newer figures of the same, and its end when it is over.
  await eventually(
    () =>
      seen.some(({ kind, detection: of }) => kind === 'updated' && of.fingerprint === detection.fingerprint),
    20_000,
  );
  fails(false);
  await eventually(
    () =>
      seen.some(({ kind, detection: of }) => kind === 'ended' && of.fingerprint === detection.fingerprint),
    20_000,
  );
  expect(await gateway.metric('gateway_engine_restarts_total')).toBe(1);
});

test('a tick goes on being told while nothing is wrong, and the map of the traffic can be asked for', async () => {
  const { gateway, bad } = await shop();
  traffic(gateway);
  const edges = await eventually(async () => {
    const map = (await gateway.engine?.queries.trafficMap()) ?? [];
    return map.some(({ to }) => to.value === bad) && map;
  });
  expect(edges.find(({ from }) => from.dimension === 'gateway')?.to).toEqual({
    dimension: 'route',
    value: 'shop',
  });
  const rates = await eventually(async () => {
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
});
