import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

it('a canary that was done without asking and does well is done for all, and that ends by itself, too, unless it is proven', async () => {
  const figures = { errors: 0, consumers: 1, users: 1, usd: 0, p50: 1, p95: 2, p99: 3 };
  const engine = toldEngine({
    figures: async (scope) => ({ ...figures, requests: Object.keys(scope).length === 0 ? 1000 : 200 }),
  });
  const provider = { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'none' };
  const gateway = await testGateway(
    {
      ai: {
        providers: { primary: provider, backup: provider },
        models: {
          support: {
            targets: [
              { provider: 'primary', model: 'small' },
              { provider: 'backup', model: 'small' },
            ],
          },
        },
      },
      hypercare: { tick: '1s', autoActions: { allow: ['switch-model'], dryRun: false } },
    },
    { engine },
  );
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
  const theFinding = (fits: (finding: any) => boolean): Promise<any> =>
    eventually(async () => (await admin(gateway, '/api/findings')).body.findings.find(fits));
  const weights = () => gateway.loaded.config.ai.models.support?.targets?.map(({ weight }) => weight);

  engine.say(
    'opened',
    detection({
      where: { scopes: [{ provider: 'primary' }], share: 1, normal: [] },
      cause: { kind: 'provider', sentence: 'One provider fails.', confidence: 0.95, change: null },
    }),
  );
  const tried = await theFinding(({ actions }) => actions[0].status === 'canary');
  expect(tried.verification.isCanary).toBe(true);
  expect(weights()).toEqual([75, 25]);
  engine.count(tried.id, 0, 1000);

  const done = await theFinding(
    ({ state, actions }) => state === 'verifying' && actions[0].status === 'applied',
  );
  expect(weights()).toEqual([0, 1]);
  expect(done.actions[0].applied.endsAt).toBeGreaterThan(Date.now());
  engine.count(tried.id, 0, 1000);
  const proven = await theFinding(({ state }) => state === 'resolved');
  expect(proven.actions[0].applied.endsAt).toBeNull();
});
