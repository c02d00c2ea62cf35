import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import type { Detection } from '../../../src/contracts/finding.ts';
import { AutomaticActions } from '../../../src/hypercare/actions/automatic-actions.ts';
import type { Propose } from '../../../src/hypercare/actions/proposal.ts';
import { rollback } from '../../../src/hypercare/actions/proposals/rollback.ts';
import { badTarget, badUpstream } from '../../../src/hypercare/actions/proposals/targets.ts';
import { openStore } from '../../../src/stores/index.ts';
import { detection, REVISION } from '../../helpers/told-engine.ts';

const [A, B] = ['http://a:1', 'http://b:1'] as const;
const shopWith = (timeout: string) => ({
  upstreams: {
    shop: {
      targets: [
        { url: A, weight: 1 },
        { url: B, weight: 1 },
      ],
      timeouts: { response: timeout },
    },
    other: { targets: [{ url: 'http://c:1', weight: 1 }] },
  },
  routes: [
    { name: 'small', match: { path: '/small' }, upstream: 'shop', policies: [] },
    { name: 'big', match: { path: '/big' }, upstream: 'shop', policies: [] },
    { name: 'else', match: { path: '/*' }, upstream: 'other', policies: [] },
  ],
  ai: { models: {}, prompts: {} },
});
const CONFIG = shopWith('1s');

/** What is proposed first for a finding is done without asking, or not. @param requests of a thousand, by place */
async function isDone(
  propose: Propose,
  found: Partial<Detection>,
  requests: Readonly<Record<string, number>>,
  texts: readonly object[] = [shopWith('30s'), CONFIG],
): Promise<boolean> {
  const seen = detection(found);
  const [proposal] = await propose({
    detection: seen,
    config: CONFIG as never,
    written: texts.at(-1),
    live: { targets: () => [A, B].map((url) => ({ url, weight: 1, state: 'healthy' })) },
    textOf: async (revision) => stringify(texts[revision - 1]),
  });
  if (!proposal) throw new Error('nothing is proposed');
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const done: unknown[] = [];
  const actions = new AutomaticActions({
    documents: store.documents,
    book: { all: async () => [] } as never,
    applier: { apply: async (...call: unknown[]) => done.push(call) } as never,
    engine: {
      queries: {
        figures: async (scope: object) => {
          const [value] = Object.values(scope);
          return { requests: value === undefined ? 1000 : (requests[value] ?? 0) };
        },
      },
    } as never,
    now: () => 0,
    settings: () => ({ enabled: true, allow: [proposal.kind], dryRun: false, maxPerHour: 4 }) as never,
  });
  const action = { ...proposal, n: 0, canary: null, dryRun: { ok: true }, status: 'offered', applied: null };
  await actions.consider({ ...seen, state: 'open', history: [], actions: [action] } as never);
  return done.length > 0;
}

const at = (scope: Record<string, string>, cause: object): Partial<Detection> => ({
  where: { scopes: [scope], share: 1, normal: [] },
  cause: { kind: 'unknown', sentence: '', confidence: 0.95, change: null, ...cause },
});
const ofRevision = (change = REVISION) => at({ upstream: 'shop', target: B }, { kind: 'config', change });

test('a revision that is bad for a quarter of the traffic is not taken back for half of it without asking', async () => {
  expect(await isDone(rollback, ofRevision(), { shop: 500, [B]: 250 })).toBe(false);
  expect(await isDone(rollback, ofRevision(), { shop: 240, [B]: 120 })).toBe(true);
});

test('nor is one that changes where requests go, or what is for all of them: nobody has counted whose they are', async () => {
  const [first, ...others] = CONFIG.routes;
  const elsewhere = { ...CONFIG, routes: [{ ...first, match: { path: '/s*' } }, ...others] };
  const few = { shop: 10, small: 10, [B]: 10 };
  expect(await isDone(rollback, ofRevision(), few, [elsewhere, CONFIG])).toBe(false);
  expect(await isDone(rollback, ofRevision(), few, [{ ...CONFIG, log: { level: 'error' } }, CONFIG])).toBe(
    false,
  );
});

test('a breaker is not opened for a small route’s sake where a big one is behind it', async () => {
  const small = at({ route: 'small' }, { kind: 'upstream' });
  expect(await isDone(badUpstream, small, { small: 40, shop: 540 })).toBe(false);
  expect(await isDone(badUpstream, small, { small: 40, shop: 60 })).toBe(true);
});

test('a target that is taken out takes its share of all that its upstream is asked, not only of the route that told', async () => {
  const target = at({ route: 'small', target: B }, { kind: 'target' });
  expect(await isDone(badTarget, target, { small: 40, shop: 540, [B]: 270 })).toBe(false);
  expect(await isDone(badTarget, target, { small: 40, shop: 400, [B]: 200 })).toBe(true);
});

test('what began with an action’s revision is for people', async () => {
  const few = { shop: 100, [B]: 50 };
  expect(await isDone(rollback, ofRevision(), few)).toBe(true);
  expect(await isDone(rollback, ofRevision({ ...REVISION, by: 'action:F1/0' }), few)).toBe(false);
});
