import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';

/** Requests of several people, until it is told to stop. */
function traffic(gateway: TestGateway): () => Promise<void> {
  let isOver = false;
  const clients = Array.from({ length: 3 }, async (_, client) => {
    while (!isOver) {
      const answer = await fetch(`${gateway.url}/shop/x`, { headers: { 'x-user-id': `user-${client}` } });
      await answer.arrayBuffer();
    }
  });
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(clients);
  };
  onTestFinished(stop);
  return stop;
}

/** Requests that the engine knows of, by minutes of its own. */
const known = async (gateway: TestGateway): Promise<number> => {
  const points = await gateway.engine?.queries
    .rates({ signal: 'errors', scope: { route: 'shop' }, from: 0, to: Date.now() + 60_000, step: 'minute' })
    .catch(() => []);
  return points?.reduce((sum, { total }) => sum + total, 0) ?? 0;
};

test('what the engine has learnt outlives its thread, and the process; so does what was open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-memory-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let fails = false;
  const target = await backend((_, response) => {
    response.statusCode = fails ? 500 : 200;
    response.end('x');
  });
  const config = {
    store: { url: `sqlite:${join(folder, 'store.db')}` },
    // Thirty ticks are five minutes: then it is written down what was learnt.
    hypercare: {
      tick: '50ms',
      confirm: '300ms',
      objectives: [{ name: 'works', route: 'shop', availability: '99%' }],
    },
    upstreams: { shop: { targets: [{ url: target.url }] } },
    routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
  };
  const first = await testGateway(config);
  const stop = traffic(first);
  // One route, one target: everything is the place.
  await eventually(async () => (await known(first)) > 100, 20_000);
  fails = true;
  const finding = await eventually(async () => {
    const { body } = await admin(first, '/api/findings?state=active');
    return body.findings.find(({ what }: { what: { signal: string } }) => what.signal === 'errors');
  }, 30_000);
  await eventually(async () => {
    const tick = first.engine?.status.lastTickAt ?? 0;
    return tick > finding.openedAt + 31 * 50;
  }, 20_000);
  await stop();

  await first.engine?.crash();
  await eventually(() => first.engine?.status.restarts === 1 && first.engine.status.state === 'running');
  // Nobody asks for anything any more: all of it is from before.
  expect(await eventually(() => known(first))).toBeGreaterThan(50);
  await first.close();

  const second = await testGateway(config);
  expect(await eventually(() => known(second))).toBeGreaterThan(50);
  const [objective] = (await second.engine?.queries.objectives()) ?? [];
  expect(objective).toMatchObject({ name: 'works', isMet: false });
  const { body } = await admin(second, `/api/findings/${finding.id}`);
  expect(['open', 'acknowledged', 'verifying']).toContain(body.state);
}, 120_000);
