import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { theFinding } from '../helpers/findings.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { detection, type ToldEngine, toldEngine } from '../helpers/told-engine.ts';

async function gatewayWith(): Promise<{ gateway: TestGateway; engine: ToldEngine }> {
  const engine = toldEngine();
  return { gateway: await testGateway({ hypercare: { tick: '1s' } }, { engine }), engine };
}

/** A certificate near its end, or a key that is used from everywhere: seen, and no share of any requests. */
const seen = (signal: string, reason: string) =>
  detection({
    fingerprint: `state/${signal}:${reason}/*`,
    detector: 'state',
    reason,
    what: { signal, unit: 'count', observed: 1, expected: 0, ratio: null, interval: [1, 1] },
    where: { scopes: [{}], share: 1, normal: [] },
  });

it('a state that is over has ended, and good requests never prove it to be fixed', async () => {
  const { gateway, engine } = await gatewayWith();
  engine.say('opened', seen('state', 'certificate_expiring'));
  const { id } = await theFinding(gateway);
  engine.say('ended', seen('state', 'certificate_expiring'));
  engine.count(id, 0, 1000);
  const ended = await theFinding(gateway, ({ state }) => state !== 'open');
  expect(ended).toMatchObject({ state: 'expired', verification: null });
  expect(engine.watches.has(id)).toBe(false);
});

it('who says that it is fixed is not believed for the sake of good requests; when it is gone, it has ended', async () => {
  const { gateway, engine } = await gatewayWith();
  engine.say('opened', seen('access', 'key_abused'));
  const { id } = await theFinding(gateway);
  await admin(gateway, `/api/findings/${id}/resolve`, { body: { note: 'revoked the key' } });
  // The engine is asked to count nowhere: the thief’s own good requests, and the 429s that hold them, say nothing.
  expect(engine.watches.get(id)?.scopes).toEqual([]);
  engine.count(id, 0, 0);
  const claimed = await theFinding(gateway);
  expect(claimed).toMatchObject({ state: 'verifying', verification: { requestsNeeded: null } });
  engine.say('ended', seen('access', 'key_abused'));
  const ended = await theFinding(gateway, ({ state }) => state === 'expired');
  expect(ended.verification.state).toBe('inconclusive');
  engine.count(id, 0, 0);
  await eventually(() => !engine.watches.has(id));
});
