import { expect, onTestFinished, test } from 'vitest';
import { Applier, AUTOMATIC_MS } from '../../../src/hypercare/actions/apply.ts';
import { FindingBook } from '../../../src/hypercare/findings/book.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { openStore } from '../../../src/stores/index.ts';
import { eventually } from '../../helpers/gateway.ts';
import { detection } from '../../helpers/told-engine.ts';

const MINUTE_MS = 60_000;
const path = '/upstreams/shop/timeout';
const step = (before: string, after: string) => ({
  patch: [
    { op: 'test', path, value: before },
    { op: 'replace', path, value: after },
  ],
  call: null,
});
const FOUND = {
  ...detection(),
  id: 'f1',
  state: 'open',
  acknowledgedAt: null,
  history: [],
  actions: [
    {
      n: 0,
      title: 'wait for less long',
      does: step('30s', '3s'),
      undoes: step('3s', '30s'),
      canary: null,
      dryRun: { at: 0, ok: true, problem: '' },
      status: 'offered',
      applied: null,
    },
  ],
} as unknown as Finding;

/** Two processes that share a store and a config; each may die over a change of it. */
async function replicas(found: Finding = FOUND, live: object = {}) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const book = new FindingBook(store.documents);
  await book.add(found);
  const shared = { now: Date.now(), text: 'upstreams:\n  shop:\n    timeout: 30s\n', number: 7 };
  const replica = (dies: 'never' | 'before' | 'after' = 'never'): Applier =>
    new Applier({
      book,
      config: {
        get revision() {
          return shared.number;
        },
        get text() {
          return shared.text;
        },
        revise: async ({ text, dryRun }: { text(current: string): string; dryRun: boolean }) => {
          if (dies === 'before') return new Promise(() => undefined);
          const next = text(shared.text);
          if (dryRun) return { number: shared.number };
          Object.assign(shared, { text: next, number: shared.number + 1 });
          return dies === 'after' ? new Promise(() => undefined) : { number: shared.number };
        },
      } as never,
      live: live as never,
      now: () => shared.now,
      verify: (id, { claim, fromRevision }) =>
        book.change(id, (known) => ({
          ...known,
          state: 'verifying',
          verification: { claim, fromRevision } as never,
        })),
    });
  const finding = async (): Promise<Finding> => (await book.get('f1')) as Finding;
  /** It is under way, and nobody will ever end it. */
  const dying = async (when: 'before' | 'after'): Promise<void> => {
    void replica(when).apply('f1', 0, { by: 'gateway', automatic: true });
    await eventually(
      async () => (await finding()).state === 'acting' && (when === 'before' || shared.number > 7),
    );
  };
  return { book, shared, replica, finding, dying };
}

test('an automatic action whose process died after the change is proven, and ends by itself, as if it had lived', async () => {
  const { shared, replica, finding, dying } = await replicas();
  await dying('after');
  const other = replica();
  shared.now += MINUTE_MS;
  await other.settle(await finding());
  // It may still be under way.
  expect((await finding()).state).toBe('acting');

  shared.now += 1;
  await other.settle(await finding());
  const settled = await finding();
  expect(settled).toMatchObject({ state: 'verifying', verification: { fromRevision: 8 } });
  expect(settled.actions[0]).toMatchObject({
    status: 'applied',
    applied: { by: 'gateway', revision: 8, endsAt: shared.now + AUTOMATIC_MS },
  });
  expect(settled.actions[0]?.begun).toBeUndefined();
});

test('one whose process died before the change is none: the finding is open again, and says why', async () => {
  const { shared, replica, finding, dying } = await replicas();
  await dying('before');
  shared.now += MINUTE_MS + 1;
  await replica().settle(await finding());
  const settled = await finding();
  expect(settled.state).toBe('open');
  expect(settled.actions[0]).toMatchObject({ status: 'offered', dryRun: { ok: false } });
  expect(settled.history.at(-1)?.note).toContain('the gateway ended while it did it');
  expect(shared.text).toContain('30s');
});

test('one whose way back fits the config as well as the way there was not done', async () => {
  const retry = '/upstreams/shop/timeout';
  const [action] = FOUND.actions;
  const does = {
    patch: [
      { op: 'test', path: retry, value: '30s' },
      { op: 'remove', path: retry },
    ],
    call: null,
  };
  const undoes = { patch: [{ op: 'add', path: retry, value: '30s' }], call: null };
  const found = { ...FOUND, actions: [{ ...action, does, undoes }] } as unknown as Finding;
  const { shared, replica, finding, dying } = await replicas(found);
  await dying('before');
  shared.now += MINUTE_MS + 1;
  await replica().settle(await finding());
  expect(await finding()).toMatchObject({ state: 'open', actions: [{ status: 'offered' }] });
});

test('one that put there what was not there was done, although it would fit once more', async () => {
  const retries = '/upstreams/shop/retries';
  const does = { patch: [{ op: 'add', path: retries, value: 0 }], call: null };
  const undoes = {
    patch: [
      { op: 'test', path: retries, value: 0 },
      { op: 'remove', path: retries },
    ],
    call: null,
  };
  const found = { ...FOUND, actions: [{ ...FOUND.actions[0], does, undoes }] } as unknown as Finding;
  const { shared, replica, finding, dying } = await replicas(found);
  await dying('after');
  shared.now += MINUTE_MS + 1;
  await replica().settle(await finding());
  expect(await finding()).toMatchObject({ state: 'verifying', actions: [{ status: 'applied' }] });
});

test('what is settled is what was begun, and not what was done long before', async () => {
  const [action] = FOUND.actions;
  const applied = { at: 1, by: 'ada', revision: 3, endsAt: null };
  const before = { ...action, n: 1, title: 'done before', status: 'applied', applied };
  const found = { ...FOUND, actions: [action, before] } as unknown as Finding;
  const { shared, replica, finding, dying } = await replicas(found);
  await dying('after');
  await replica().settle(await finding());
  expect((await finding()).state).toBe('acting');
  shared.now += MINUTE_MS + 1;
  await replica().settle(await finding());
  expect((await finding()).verification).toMatchObject({ claim: 'wait for less long', fromRevision: 8 });
});

test('what others have ended since the list was read is left as it is', async () => {
  const { book, shared, replica, finding, dying } = await replicas();
  await dying('after');
  const listed = await finding();
  shared.now += MINUTE_MS + 1;
  await book.change('f1', (known) => ({ ...known, state: 'open' }));
  await replica().settle(listed);
  expect((await finding()).state).toBe('open');
});

test('what an action does to what runs is signed as the action’s, and says for whom it was done', async () => {
  const drain = { patch: [], call: { do: 'drain-target', upstream: 'shop', target: 'b' } };
  const found = { ...FOUND, actions: [{ ...FOUND.actions[0], does: drain }] } as unknown as Finding;
  const told: unknown[][] = [];
  const { replica } = await replicas(found, {
    targets: () => ['a', 'b'].map((url) => ({ url, weight: 1, state: 'healthy' })),
    setTarget: (...call: unknown[]) => told.push(call) > 0,
  });
  await replica().apply('f1', 0, { by: 'ada' });
  expect(told).toEqual([['shop', 'b', 'draining', 'action:f1/0', 'apply action 0 of f1, by ada']]);
});
