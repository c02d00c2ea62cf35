import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { theFinding } from '../helpers/findings.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { detection, type ToldEngine, toldEngine } from '../helpers/told-engine.ts';

const FIGURES = { errors: 0, consumers: 1, users: 1, usd: 0, p50: 1, p95: 2, p99: 3 };

/** @param placeRequests how many of a thousand go through the place */
async function shop(
  autoActions: object = {},
  placeRequests = 200,
  now: () => number = Date.now,
): Promise<{ gateway: TestGateway; engine: ToldEngine; urls: string[] }> {
  const targets = await Promise.all(['a', 'b'].map((text) => backend((_, response) => response.end(text))));
  const engine = toldEngine(
    {
      figures: async (scope) => ({
        ...FIGURES,
        requests: Object.keys(scope).length === 0 ? 1000 : placeRequests,
      }),
    },
    now,
  );
  const config = {
    upstreams: { shop: { targets: targets.map(({ url }) => ({ url })) } },
    routes: [{ name: 'things', match: { path: '/things' }, upstream: 'shop' }],
    hypercare: { tick: '1s', autoActions },
  };
  return { gateway: await testGateway(config, { engine, now }), engine, urls: targets.map(({ url }) => url) };
}

const badTarget = (url: string | undefined) =>
  detection({
    where: { scopes: [{ route: 'things', target: url ?? '' }], share: 1, normal: [] },
    cause: { kind: 'target', sentence: 'One target fails.', confidence: 0.95, change: null },
  });

/** Somebody whom it hit says so. */
async function complain(gateway: TestGateway) {
  const said = await fetch(`${gateway.url}/v1/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ comment: 'It broke', requestId: 'req-1' }),
  });
  const { id } = (await said.json()) as { id: string };
  return {
    id,
    /** As the team sees it. */
    seen: async () => (await admin(gateway, `/api/feedback/${id}`)).body,
    hears: async () => {
      const answer = await fetch(`${gateway.url}/v1/feedback/${id}`);
      return ((await answer.json()) as { status: string }).status;
    },
  };
}

it('what was fixed is watched for a day: it comes back by the counts alone', async () => {
  const { gateway, engine } = await shop();
  engine.say('opened', detection());
  const { id } = await theFinding(gateway);
  const report = await complain(gateway);
  await eventually(async () => (await report.seen()).findings.includes(id));
  await admin(gateway, `/api/findings/${id}/resolve`, { body: { note: 'restarted it' } });
  engine.count(id, 0, 1000);
  await theFinding(gateway, ({ state }) => state === 'resolved');
  await eventually(async () => (await report.hears()) === 'fixed');
  expect(engine.watches.has(id)).toBe(true);
  // The odd bad one is as usual.
  engine.count(id, 3, 1000, Date.now() + 3_600_000);
  expect((await admin(gateway, `/api/findings/${id}`)).body.state).toBe('resolved');
  engine.count(id, 120, 1000, Date.now() + 7_200_000);
  const back = await theFinding(gateway, ({ state }) => state === 'regressed');
  expect(back.history.at(-1).note).toContain('within a day of the fix');
  expect(await report.hears()).toBe('known');
  await eventually(async () => (await report.seen()).fixed.length === 0);
});

it('who reported it hears that it is fixed once nothing that it is about is open', async () => {
  const { gateway, engine } = await shop();
  engine.say('opened', detection());
  engine.say('opened', detection({ fingerprint: 'slow|slow|route=things|', detector: 'slow' }));
  const ids: string[] = await eventually(async () => {
    const { findings } = (await admin(gateway, '/api/findings')).body;
    return findings.length === 2 && findings.map(({ id }: { id: string }) => id);
  });
  const report = await complain(gateway);
  await eventually(async () => (await report.seen()).findings.length === 2);
  const fix = async (id: string | undefined): Promise<void> => {
    await admin(gateway, `/api/findings/${id}/resolve`, { body: { note: 'done' } });
    engine.count(id ?? '', 0, 1000);
    await eventually(async () => (await report.seen()).fixed.includes(id));
  };
  await fix(ids[0]);
  expect(await report.hears()).toBe('known');
  await fix(ids[1]);
  expect(await report.hears()).toBe('fixed');
});

it('a muted finding says nothing until it has hit twice the requests', async () => {
  const { gateway, engine } = await shop();
  const seen = detection();
  engine.say('opened', seen);
  const { id } = await theFinding(gateway);
  await admin(gateway, `/api/findings/${id}/mute`, { body: { for: '4h', note: 'known' } });
  const grown = (requests: number) => ({ ...seen, impact: { ...seen.impact, requests } });
  engine.say('updated', grown(500));
  await theFinding(gateway, ({ impact }) => impact.requests === 500);
  expect((await admin(gateway, `/api/findings/${id}`)).body.state).toBe('muted');
  engine.say('updated', grown(700));
  const awake = await theFinding(gateway, ({ state }) => state === 'open');
  expect(awake.history.at(-1).note).toBe('it has grown to 700 requests');
});

it('what is allowed is done without asking, and taken back when it proves to be none; what touches too much is not', async () => {
  const allowed = { allow: ['shift-traffic'], dryRun: false };
  const small = await shop(allowed, 200);
  small.engine.say('opened', badTarget(small.urls[1]));
  const acted = await theFinding(small.gateway, ({ state }) => state === 'verifying');
  expect(acted.actions[0]).toMatchObject({ status: 'applied', applied: { by: 'gateway' } });
  expect(acted.actions[0].applied.endsAt).toBeGreaterThan(Date.now());
  small.engine.count(acted.id, 60, 400);
  await theFinding(
    small.gateway,
    ({ state, actions }) => state === 'open' && actions[0].status === 'reverted',
  );
  const weights = () => small.gateway.loaded.config.upstreams.shop?.targets.map(({ weight }) => weight);
  expect(weights()).toEqual([1, 1]);

  // Half of nine tenths of everything.
  const large = await shop(allowed, 900);
  large.engine.say('opened', badTarget(large.urls[1]));
  const { seenAt } = await theFinding(large.gateway);
  large.engine.say('updated', badTarget(large.urls[1]), Date.now() + 1000);
  // It was considered when it opened, before the news of it came.
  const left = await theFinding(large.gateway, (finding) => finding.seenAt > seenAt);
  expect(left.state).toBe('open');
  expect(left.actions[0].status).toBe('offered');
}, 60_000);

it('what was done without asking, and was changed by hand meanwhile, is left to people: all else goes on', async () => {
  let passed = 0;
  const now = (): number => Date.now() + passed;
  const { gateway, engine, urls } = await shop({ allow: ['shift-traffic'], dryRun: false }, 200, now);
  engine.say('opened', badTarget(urls[1]));
  const { id } = await theFinding(gateway, ({ state }) => state === 'verifying');
  const patch = [{ op: 'replace', path: '/upstreams/shop/targets/1/weight', value: 3 }];
  const { etag } = await admin(gateway, '/api/config');
  const edited = await admin(gateway, '/api/revisions', { headers: { 'if-match': etag }, body: { patch } });
  expect(edited.status).toBe(200);
  passed = 16 * 60_000;
  const read = async () => (await admin(gateway, `/api/findings/${id}`)).body;
  const left = await eventually(async () => {
    const finding = await read();
    return finding.actions[0].applied.endsAt === null && finding;
  });
  expect(left.actions[0].status).toBe('applied');
  expect(left.state).toBe('verifying');

  const report = await complain(gateway);
  const linked = await eventually(async () => {
    const finding = await read();
    return finding.linked.feedback.includes(report.id) && finding;
  });
  const notes = linked.history.map(({ what }: { what: string }) => what);
  expect(notes.filter((what: string) => what === 'revert failed')).toHaveLength(1);
  expect(notes).toContain('action stays');
  expect(gateway.loaded.config.upstreams.shop?.targets.map(({ weight }) => weight)).toEqual([1, 3]);
});
