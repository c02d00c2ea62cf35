import { readFile } from 'node:fs/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { expect, it, onTestFinished } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { theFinding } from '../helpers/findings.ts';
import { type TestGateway, testGateway } from '../helpers/gateway.ts';
import { detection, type ToldEngine, toldEngine } from '../helpers/told-engine.ts';

async function shop(
  change: object = {},
): Promise<{ gateway: TestGateway; engine: ToldEngine; urls: string[] }> {
  const [a, b] = await Promise.all([
    backend((_request, response) => response.end('a')),
    backend((_request, response) => response.end('b')),
  ]);
  const engine = toldEngine({
    figures: async (scope) => figures(Object.keys(scope).length === 0 ? 1000 : 200),
  });
  const config = {
    upstreams: { shop: { targets: [{ url: a.url }, { url: b.url }] } },
    routes: [
      { name: 'things', match: { path: '/things' }, upstream: 'shop', priority: 'critical' },
      { name: 'others', match: { path: '/others' }, upstream: 'shop' },
    ],
    hypercare: { tick: '1s' },
    ...change,
  };
  return { gateway: await testGateway(config, { engine }), engine, urls: [a.url, b.url] };
}

const figures = (requests: number) => ({
  requests,
  errors: 0,
  consumers: 1,
  users: 1,
  usd: 0,
  p50: 1,
  p95: 2,
  p99: 3,
});

// biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
async function firstFinding(answer: Response, fits: (finding: any) => boolean): Promise<any> {
  const events = (answer.body as ReadableStream<Uint8Array<ArrayBuffer>>)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of events) {
    const finding: unknown = event === 'finding' && JSON.parse(data);
    if (finding && fits(finding)) return finding;
  }
  throw new Error('the events ended without it');
}

it('a bad target becomes a finding with a patch; applying it is proven on the traffic, and the knowledge base has it', async () => {
  const { gateway, engine, urls } = await shop();
  const bad = detection({
    where: {
      scopes: [{ route: 'things', target: urls[1] as string }],
      share: 0.96,
      normal: [{ dimension: 'target', values: [urls[0] as string] }],
    },
    cause: { kind: 'target', sentence: 'One target fails.', confidence: 0.91, change: null },
  });

  engine.say('opened', bad);
  const open = await theFinding(gateway);
  expect(open).toMatchObject({ state: 'open', severity: 'high', scores: { impact: 4 } });
  expect(open.sentence).toMatch(
    /10\.2 % of requests \(312 of 3,059; 41 consumers\) failed with upstream_5xx since .* UTC; usual 0\.4 %\. 96 % of the excess is there; target .* is normal\./,
  );
  expect(open.sentence).toContain('patch attached); expect under 0.6 % within 5 min. Confidence .91.');
  const [action] = open.actions;
  expect(action).toMatchObject({ kind: 'shift-traffic', dryRun: { ok: true }, affects: 0.5 });
  expect(await gateway.metric('gateway_findings_open')).toBeGreaterThanOrEqual(0);

  const applied = await admin(gateway, `/api/findings/${open.id}/actions/0/apply`, { method: 'POST' });
  expect(applied.body).toMatchObject({ state: 'verifying', verification: { state: 'running' } });
  // Who looks after it can say so while the traffic proves it: the proof goes on.
  const taken = await admin(gateway, `/api/findings/${open.id}/acknowledge`, { method: 'POST' });
  expect(taken.body).toMatchObject({
    state: 'verifying',
    acknowledgedAt: expect.any(Number),
    verification: { state: 'running' },
  });
  expect(taken.body.history.at(-1)).toMatchObject({ what: 'acknowledged', from: null, to: null });
  expect(gateway.loaded.config.upstreams.shop?.targets.map(({ weight }) => weight)).toEqual([1, 0]);
  expect(await readFile(gateway.file, 'utf8')).toContain('weight: 0');

  // The target has no traffic any more: the proof is where its traffic went, among twice as many requests of that route.
  expect(engine.watches.get(open.id)?.scopes).toEqual([{ route: 'things', upstream: 'shop' }]);
  engine.count(open.id, 0, 100);
  const unsure = await theFinding(gateway, ({ verification }) => verification?.total === 100);
  expect(unsure).toMatchObject({ state: 'verifying', verification: { state: 'running' } });
  expect(unsure.verification.requestsNeeded).toBeGreaterThan(50);
  engine.count(open.id, 1, 1600);

  const resolved = await theFinding(gateway, ({ state }) => state === 'resolved');
  expect(resolved.verification).toMatchObject({ state: 'fixed', bad: 1, total: 1700 });
  expect(resolved.history.map(({ what }: { what: string }) => what)).toEqual([
    'opened',
    'acting',
    'applied',
    'verifying',
    'acknowledged',
    'resolved',
  ]);
  const { entries } = (await admin(gateway, '/api/knowledge')).body;
  expect(entries[0]).toMatchObject({
    id: open.id,
    fix: action.title,
    proof: expect.stringContaining('1 of 1700'),
  });

  // The same again on a new revision: it comes back, and says what had fixed it.
  engine.say(
    'opened',
    { ...bad, when: { ...bad.when, since: Date.now() + 20_000 }, revisions: [2] },
    Date.now() + 30_000,
  );
  const back = await theFinding(gateway, ({ state }) => state === 'regressed');
  expect(back).toMatchObject({ id: open.id, timesRegressed: 1 });
});

it('a cause that becomes known later brings its actions along', async () => {
  const { gateway, engine, urls } = await shop();
  const unknown = {
    kind: 'unknown',
    sentence: 'Nothing explains it.',
    confidence: 0.2,
    change: null,
  } as const;
  const target = { kind: 'target', sentence: 'One target fails.', confidence: 0.95, change: null } as const;
  const where = { scopes: [{ route: 'things', target: urls[0] as string }], share: 1, normal: [] };
  engine.say('opened', detection({ cause: unknown }));
  const { actions } = await theFinding(gateway);
  expect(actions.map(({ kind }: { kind: string }) => kind)).not.toContain('shift-traffic');
  engine.say('updated', detection({ cause: target, where }));
  const known = await theFinding(gateway, ({ cause }) => cause.kind === 'target');
  // What was offered before had the number 0, and who has seen it means that.
  expect(known.actions[0]).toMatchObject({
    n: 1,
    kind: 'shift-traffic',
    status: 'offered',
    dryRun: { ok: true },
  });
  const apply = (n: number) =>
    admin(gateway, `/api/findings/${known.id}/actions/${n}/apply`, { method: 'POST' });
  expect(expectProblem(await apply(0), 409, 'action_stale').title).toContain('see what it offers now');
  expect((await apply(1)).body.actions[0]).toMatchObject({ n: 1, status: 'applied' });
});

it('events of revisions before the fix open a finding of their own: the resolved one swallows nothing', async () => {
  const { gateway, engine } = await shop();
  const seen = detection({ revisions: [1] });
  engine.say('opened', seen);
  const first = await theFinding(gateway);
  await admin(gateway, `/api/findings/${first.id}/resolve`, { body: { note: 'restarted it' } });
  engine.count(first.id, 0, 1000);
  const resolved = await theFinding(gateway, ({ state }) => state === 'resolved');
  expect(resolved.verification.claim).toBe('local: restarted it');
  expect(resolved.fixedIn).toBe(1);

  engine.say(
    'opened',
    { ...seen, when: { ...seen.when, since: Date.now() + 20_000 }, revisions: [0] },
    Date.now() + 30_000,
  );
  const other = await theFinding(gateway, ({ id }) => id !== first.id);
  expect(other).toMatchObject({ state: 'open', fingerprint: first.fingerprint });
  expect(other.linked.similar[0]).toMatchObject({ finding: first.id, fixedBy: 'local: restarted it' });
});

it('a fix that fails is taken back, and the finding says so', async () => {
  const { gateway, engine, urls } = await shop();
  engine.say(
    'opened',
    detection({
      where: { scopes: [{ route: 'things', target: urls[0] as string }], share: 1, normal: [] },
      cause: { kind: 'target', sentence: 'One target fails.', confidence: 0.95, change: null },
    }),
  );
  const { id } = await theFinding(gateway);
  await admin(gateway, `/api/findings/${id}/actions/0/apply`, { method: 'POST' });
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const events = await fetch(`${gateway.adminUrl}/api/events`, { signal: leaving.signal });
  engine.count(id, 40, 400);

  // Every state in which it can be seen, as it comes.
  const open = await firstFinding(events, ({ state }) => state === 'open');
  expect(open.verification.state).toBe('not-fixed');
  expect(open.actions[0].status).toBe('reverted');
  expect(gateway.loaded.config.upstreams.shop?.targets.map(({ weight }) => weight)).toEqual([1, 1]);
  expect(open.history.some(({ note }: { note: string }) => note.includes('40 of 400 requests are bad'))).toBe(
    true,
  );
});

it('an action that fits no more is refused with the reason, and nothing is done', async () => {
  const { gateway, engine, urls } = await shop();
  engine.say(
    'opened',
    detection({
      where: { scopes: [{ target: urls[0] as string }], share: 1, normal: [] },
      cause: { kind: 'target', sentence: '', confidence: 0.95, change: null },
    }),
  );
  const { id, state } = await theFinding(gateway);
  expect(state).toBe('open');
  const { etag } = await admin(gateway, '/api/config');
  const patch = [{ op: 'add', path: '/upstreams/shop/targets/0/weight', value: 7 }];
  await admin(gateway, '/api/revisions', {
    headers: { 'if-match': etag },
    body: { patch: [...patch, { op: 'remove', path: '/upstreams/shop/targets/1' }] },
  });

  const body = expectProblem(
    await admin(gateway, `/api/findings/${id}/actions/1/apply`, { method: 'POST' }),
    409,
    'action_stale',
  );
  expect(body.title).toContain('last healthy target');
  expectProblem(
    await admin(gateway, `/api/findings/${id}/actions/0/apply`, {
      method: 'POST',
      headers: { 'if-match': etag },
    }),
    412,
    'revision_changed',
  );
  expectProblem(
    await admin(gateway, `/api/findings/${id}/actions/9/apply`, { method: 'POST' }),
    404,
    'resource_unknown',
  );
  expect((await admin(gateway, `/api/findings/${id}`)).body.state).toBe('open');
});
