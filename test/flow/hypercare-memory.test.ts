import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { tickedGateway } from '../helpers/ticks.ts';

/** Requests that the engine knows of, by minutes of its own. */
const known = async (gateway: TestGateway): Promise<number> => {
  const points = await gateway.engine?.queries
    .rates({
      signal: 'errors',
      scope: { route: 'shop' },
      from: 0,
      to: Number.MAX_SAFE_INTEGER,
      step: 'minute',
    })
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
    hypercare: { objectives: [{ name: 'works', route: 'shop', availability: '99%' }] },
    upstreams: { shop: { targets: [{ url: target.url }] } },
    routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
  };
  const first = await tickedGateway(config);
  const traffic = () =>
    Promise.all(
      Array.from({ length: 6 }, async (_, user) => {
        const answer = await fetch(`${first.url}/shop/x`, { headers: { 'x-user-id': `user-${user}` } });
        await answer.arrayBuffer();
      }),
    );
  // One route, one target: everything is the place.
  await first.pass(18, traffic);
  fails = true;
  const finding = await first.until(async () => {
    const { body } = await admin(first, '/api/findings?state=active');
    return body.findings.find(({ what }: { what: { signal: string } }) => what.signal === 'errors');
  }, traffic);
  // Thirty ticks are five minutes: then it is written down what was learnt.
  await first.pass(31, traffic);

  await first.engine?.crash();
  await eventually(() => first.engine?.status.restarts === 1 && first.engine.status.state === 'running');
  // Nobody asks for anything any more: all of it is from before.
  expect(await eventually(() => known(first))).toBeGreaterThan(50);
  await first.close();

  const second = await tickedGateway(config, { from: first.now() });
  expect(await eventually(() => known(second))).toBeGreaterThan(50);
  const [objective] = (await second.engine?.queries.objectives()) ?? [];
  expect(objective).toMatchObject({ name: 'works', isMet: false });
  const { body } = await admin(second, `/api/findings/${finding.id}`);
  expect(['open', 'acknowledged', 'verifying']).toContain(body.state);

  // What the engine goes on to say of it takes nothing back of what people do meanwhile.
  const taken = await admin(second, `/api/findings/${finding.id}/acknowledge`, { method: 'POST' });
  expect(taken.status).toBe(200);
  const again = await second.until(
    async () => {
      const { body: now } = await admin(second, `/api/findings/${finding.id}`);
      return now.seenAt > taken.body.seenAt && now;
    },
    async () => undefined,
  );
  expect(again).toMatchObject({ acknowledgedAt: expect.any(Number), owner: taken.body.owner });
});
