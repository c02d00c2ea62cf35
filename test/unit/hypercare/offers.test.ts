import { expect, onTestFinished, test } from 'vitest';
import type { Detection } from '../../../src/contracts/finding.ts';
import { Applier } from '../../../src/hypercare/actions/apply.ts';
import { FindingBook } from '../../../src/hypercare/findings/book.ts';
import type { Action, Finding } from '../../../src/hypercare/findings/finding.ts';
import { Intake } from '../../../src/hypercare/findings/intake.ts';
import { openStore } from '../../../src/stores/index.ts';
import { detection } from '../../helpers/told-engine.ts';

const path = '/upstreams/shop/retries';
const step = (value: number) => ({ patch: [{ op: 'replace', path, value }], call: null });
/** An action that sets so many retries, as it is offered first: its number is its place. */
const setting = (retries: number, n: number): Action =>
  ({
    n,
    kind: 'change-limit',
    title: `${retries} retries`,
    does: step(retries),
    undoes: step(9),
    canary: { does: step(retries + 100), undoes: step(9), scopes: [] },
    dryRun: { at: 0, ok: true, problem: '' },
    effort: 1,
    status: 'offered',
    applied: null,
  }) as unknown as Action;

/** Findings that say each time what else could be done about them. */
async function intake() {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const book = new FindingBook(store.documents);
  const said = { at: 1_000_000, offers: [] as Action[], text: 'upstreams: { shop: { retries: 9 } }\n' };
  const taking = new Intake({
    book,
    now: () => said.at,
    leadsSince: () => 0,
    weights: () => ({ severity: 3, impact: 3, confidence: 2, effort: 1 }),
    tierOf: () => 'normal',
    actionsFor: async () => said.offers,
    similarTo: async () => [],
    verifyEnd: async () => undefined,
  });
  const applier = new Applier({
    book,
    config: {
      revision: 8,
      revise: async ({ text }: { text(current: string): string }) => {
        said.text = text(said.text);
        return { number: 8 };
      },
    } as never,
    live: {} as never,
    now: () => said.at,
    verify: (id) => book.change(id, (known) => ({ ...known, state: 'verifying' })),
  });
  /** The engine says it again, with another cause each time. */
  const say = async (...retries: number[]): Promise<Finding> => {
    said.at += 1000;
    said.offers = retries.map(setting);
    const cause = { kind: 'unknown', sentence: '', confidence: 0.5, change: null } as const;
    const kind = said.at % 2000 === 0 ? 'unknown' : 'target';
    const seen: Detection = detection({ cause: { ...cause, kind } });
    return (await taking.take({ kind: 'updated', at: said.at, detection: seen })) as Finding;
  };
  /** As the config says by now. */
  const retries = (): number => Number(/retries: (\d+)/.exec(said.text)?.[1]);
  return { book, applier, say, retries };
}

const listed = ({ actions }: Finding): string[] => actions.map(({ n, title }) => `${n}: ${title}`);

test('a number stands for one change as long as a finding lives: what is offered again keeps it, what is new gets another', async () => {
  const { say } = await intake();
  expect(listed(await say(1, 2))).toEqual(['0: 1 retries', '1: 2 retries']);
  expect(listed(await say(3, 2))).toEqual(['2: 3 retries', '1: 2 retries']);
  expect(listed(await say())).toEqual([]);
  expect(listed(await say(4, 2))).toEqual(['3: 4 retries', '4: 2 retries']);
});

test('who does what they were shown does that, or nothing', async () => {
  const { applier, say, retries } = await intake();
  const { id } = await say(1, 2);
  await say(3, 2);
  await expect(applier.apply(id, 0, { by: 'ada' })).rejects.toMatchObject({ code: 'action_stale' });
  await expect(applier.apply(id, 7, { by: 'ada' })).rejects.toMatchObject({ code: 'resource_unknown' });
  expect(retries()).toBe(9);
  await applier.apply(id, 1, { by: 'ada' });
  expect(retries()).toBe(2);
});

test('a canary keeps its number while other things are offered: it is promoted, and taken back, by that', async () => {
  const { applier, say, retries } = await intake();
  const { id } = await say(1, 2);
  await applier.apply(id, 1, { by: 'gateway', automatic: true, canary: true });
  expect(retries()).toBe(102);
  expect(listed(await say(3))).toEqual(['1: 2 retries', '2: 3 retries']);
  const { actions } = await applier.apply(id, 1, { by: 'gateway' });
  expect(retries()).toBe(2);
  // As it was tried without asking it ends by itself, for all too.
  expect(actions[0]).toMatchObject({ n: 1, status: 'applied', applied: { endsAt: expect.any(Number) } });
  await applier.revert(id, 1, { by: 'gateway' });
  expect(retries()).toBe(9);
});

test('what is under way is not forgotten when other things are offered', async () => {
  const { book, say } = await intake();
  const { id } = await say(1, 2);
  const begun = { at: 0, by: 'ada', isCanary: false, isAutomatic: false };
  await book.change(id, (known) => ({
    ...known,
    state: 'acting',
    actions: known.actions.map((action) => (action.n === 1 ? { ...action, begun } : action)),
  }));
  expect(listed(await say(3))).toEqual(['1: 2 retries', '2: 3 retries']);
  expect(listed(await say(2))).toEqual(['1: 2 retries']);
});
