import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { theFinding } from '../helpers/findings.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

const provider = { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'none' };
const CONFIG = {
  ai: {
    providers: { primary: provider, backup: provider },
    models: {
      support: {
        targets: [
          { provider: 'primary', model: 'small', weight: 90 },
          { provider: 'backup', model: 'small', weight: 10 },
        ],
      },
    },
  },
  hypercare: { tick: '1s', autoActions: { allow: ['switch-model'], dryRun: false } },
};
const FOUND = detection({
  where: { scopes: [{ provider: 'primary' }], share: 1, normal: [] },
  cause: { kind: 'provider', sentence: 'One provider fails.', confidence: 0.95, change: null },
});

it('a canary that was done without asking and does well is done for all, and that ends by itself, too, unless it is proven', async () => {
  const figures = { errors: 0, consumers: 1, users: 1, usd: 0, p50: 1, p95: 2, p99: 3 };
  const engine = toldEngine({
    figures: async (scope) => ({ ...figures, requests: Object.keys(scope).length === 0 ? 1000 : 200 }),
  });
  const gateway = await testGateway(CONFIG, { engine });
  const weights = () => gateway.loaded.config.ai.models.support?.targets?.map(({ weight }) => weight);

  engine.say('opened', FOUND);
  // It is tried first, and then proven.
  const tried = await theFinding(
    gateway,
    ({ actions, verification }) => actions[0].status === 'canary' && verification !== null,
  );
  expect(tried.verification.isCanary).toBe(true);
  expect(weights()).toEqual([3, 1]);
  engine.count(tried.id, 0, 1000);

  const done = await theFinding(
    gateway,
    ({ state, actions }) => state === 'verifying' && actions[0].status === 'applied',
  );
  expect(weights()).toEqual([0, 10]);
  expect(done.actions[0].applied.endsAt).toBeGreaterThan(Date.now());
  engine.count(tried.id, 0, 1000);
  const proven = await theFinding(gateway, ({ state }) => state === 'resolved');
  expect(proven.actions[0].applied.endsAt).toBeNull();
});

it('a canary that did well and can’t be done for all any more is tried once, and left to people', async () => {
  const figures = { errors: 0, consumers: 1, users: 1, usd: 0, p50: 1, p95: 2, p99: 3 };
  const engine = toldEngine({
    figures: async (scope) => ({ ...figures, requests: Object.keys(scope).length === 0 ? 1000 : 200 }),
  });
  const gateway = await testGateway(CONFIG, { engine });
  engine.say('opened', FOUND);
  const asItIs = async () => (await admin(gateway, '/api/findings')).body.findings[0];
  const { id } = await eventually(async () => {
    const finding = await asItIs();
    return finding?.actions[0].status === 'canary' && finding;
  });
  const own = [{ op: 'replace', path: '/ai/models/support/targets/0/weight', value: 60 }];
  const { etag } = await admin(gateway, '/api/config');
  const changed = await admin(gateway, '/api/revisions', {
    headers: { 'if-match': etag },
    body: { patch: own, note: 'mine' },
  });
  expect(changed.status).toBe(200);
  for (let tick = 0; tick < 5; tick++) engine.count(id, 0, 1000, Date.now() + 5000 + tick);
  const left = await eventually(async () => {
    const { body } = await admin(gateway, `/api/findings/${id}`);
    return body.verification?.state === 'inconclusive' && engine.watches.size === 0 && body;
  });
  expect(left.state).toBe('open');
  const what = left.history.map((entry: { what: string }) => entry.what);
  expect(what.filter((each: string) => each === 'action failed')).toHaveLength(1);
});
