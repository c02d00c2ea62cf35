import { expect, onTestFinished, test } from 'vitest';
import { Replicas } from '../../src/hypercare/engine/replicas.ts';
import { openLog } from '../../src/telemetry/logger.ts';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { openRedis } from '../helpers/redis-store.ts';
import { tickedGateway } from '../helpers/ticks.ts';

async function redis() {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  return server;
}

test('what only one replica sees becomes a finding of the one that leads; without the store each says that its view is partial', async () => {
  const store = await redis();
  let fails = false;
  const answer = (isBad: boolean) =>
    backend((_, response) => {
      response.statusCode = isBad && fails ? 500 : 200;
      response.end('x');
    });
  const targets = await Promise.all([answer(false), answer(true), answer(false)]);
  const config = {
    // Longer than a busy machine takes to answer, and not too long to wait for where it hangs.
    store: { url: store.url, timeout: '2s' },
    upstreams: { shop: { targets: targets.map(({ url }) => ({ url })) } },
    routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
  };
  const leader = await tickedGateway(config);
  const other = await tickedGateway(config, { from: leader.now() });
  /** The leader has no traffic of its own, and knows that of the other. */
  const tick = async (): Promise<void> => {
    await other.pass(1, () =>
      Promise.all(
        Array.from({ length: 9 }, async (_, user) => {
          const answer = await fetch(`${other.url}/shop/x`, { headers: { 'x-user-id': `user-${user}` } });
          await answer.arrayBuffer();
        }),
      ),
    );
    await leader.pass(1, async () => undefined);
  };
  await eventually(async () => {
    await tick();
    const figures = await leader.engine?.queries.figures({ route: 'shop' });
    return figures && figures.requests > 50;
  }, 60_000);
  fails = true;
  const finding = await eventually(async () => {
    await tick();
    const { body } = await admin(leader, '/api/findings?state=active');
    return body.findings.find(({ what }: { what: { signal: string } }) => what.signal === 'errors');
  }, 60_000);
  expect(finding.where.scopes[0].target).toBe(targets[1]?.url);
  const { body } = await admin(leader, `/api/findings/${finding.id}`);
  expect(body.impact.users).toBeGreaterThan(1);
  expect(body.evidence.bad.length).toBeGreaterThan(0);
  expect(leader.engine?.status.isPartial).toBe(false);

  store.pause();
  const both = (isPartial: boolean) => async (): Promise<boolean> => {
    await tick();
    return [leader, other].every(({ engine }) => engine?.status.isPartial === isPartial);
  };
  await eventually(both(true), 60_000);
  store.resume();
  await eventually(both(false), 60_000);
});

test('what was told is counted once; who falls silent is missed, and after a while waited for no more; who says goodbye is not', async () => {
  const server = await redis();
  const lines = openLog('silent', { write: () => undefined });
  const store = await openRedis(server.url);
  onTestFinished(() => store.close());
  let now = 1_000_000;
  const replica = (): { replicas: Replicas; merged: string[] } => {
    const merged: string[] = [];
    const replicas = new Replicas({
      logs: store.logs,
      log: lines.logger,
      now: () => now,
      tickMs: () => 10_000,
      merge: (delta) => merged.push(delta),
      onPartial: () => undefined,
    });
    return { replicas, merged };
  };
  const [a, b] = [replica(), replica()];
  a.replicas.tick('{"a":1}');
  // Whoever comes later does not take what was before its time for now.
  await eventually(async () => (await store.logs.read('hypercare-deltas', '')).length === 1);
  b.replicas.tick('{"b":1}');
  await eventually(async () => (await store.logs.read('hypercare-deltas', '')).length === 2);
  a.replicas.tick('{"a":2}');
  await eventually(() => a.merged.length === 1);
  // The same text once more, as a writer that was not sure writes it.
  const [, said] = await store.logs.read('hypercare-deltas', '');
  await store.logs.append('hypercare-deltas', said?.text ?? '', { ttlMs: 60_000, most: 100 });
  b.replicas.tick('{"b":2}');
  await eventually(async () => (await store.logs.read('hypercare-deltas', '')).length === 5);
  a.replicas.tick('{"a":3}');
  await eventually(() => a.merged.length === 2);
  expect(a.merged).toEqual(['{"b":1}', '{"b":2}']);
  expect(b.merged).toEqual(['{"a":2}']);

  now += 40_000;
  a.replicas.tick('{"a":4}');
  await eventually(() => a.replicas.isPartial);
  now += 300_000;
  a.replicas.tick('{"a":5}');
  await eventually(() => !a.replicas.isPartial);
  b.replicas.tick('{"b":3}');
  await b.replicas.close();
  now += 40_000;
  a.replicas.tick('{"a":6}');
  await eventually(() => a.merged.length === 3);
  expect(a.replicas.isPartial).toBe(false);
});
