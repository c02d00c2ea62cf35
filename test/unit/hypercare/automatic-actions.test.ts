import { expect, onTestFinished, test } from 'vitest';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { Applier } from '../../../src/hypercare/actions/apply.ts';
import { AutomaticActions } from '../../../src/hypercare/actions/automatic-actions.ts';
import { FindingBook } from '../../../src/hypercare/findings/book.ts';
import type { Action, Finding } from '../../../src/hypercare/findings/finding.ts';
import { openStore } from '../../../src/stores/index.ts';
import { detection } from '../../helpers/told-engine.ts';

const MINUTE_MS = 60_000;
const DUE = 1_000_000;
const path = '/upstreams/shop/retries';
const step = (before: number, after: number) => ({
  patch: [
    { op: 'test', path, value: before },
    { op: 'replace', path, value: after },
  ],
  call: null,
});
const OFFERED = {
  n: 0,
  kind: 'change-limit',
  title: 'try less often',
  does: step(3, 1),
  undoes: step(1, 3),
  canary: null,
  dryRun: { at: 0, ok: true, problem: '' },
  touches: [{ scope: {}, part: 0.1 }],
  status: 'offered',
  applied: null,
};
const APPLIED = {
  ...OFFERED,
  status: 'applied',
  applied: { at: 0, by: 'gateway', revision: 7, endsAt: DUE },
};
const findingWith = (action: object, change: object = {}): Finding =>
  ({
    ...detection({
      cause: { kind: 'target', sentence: '', confidence: 0.95, change: null },
      fingerprint: `errors|${JSON.stringify(change)}`,
    }),
    id: 'f1',
    state: 'verifying',
    acknowledgedAt: null,
    verification: null,
    history: [],
    actions: [action],
    ...change,
  }) as unknown as Finding;

/** Someone who acts without asking, on a config that may be out of reach. */
async function acting(...findings: Finding[]) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const book = new FindingBook(store.documents);
  for (const finding of findings) await book.add(finding);
  const at = { now: DUE, retries: 1, revised: 0, fails: undefined as Error | undefined };
  /** Who asks for the record of what was done only then. */
  const late = { after: 0, until: Promise.resolve() };
  let reads = 0;
  const documents = {
    get: async (...about: [collection: string, id: string]) => {
      if (++reads > late.after) await late.until;
      return store.documents.get(...about);
    },
    put: store.documents.put.bind(store.documents),
  };
  const config = {
    revision: 8,
    revise: async ({ text }: { text(current: string): string }) => {
      if (at.fails) throw at.fails;
      const next = text(`upstreams: { shop: { retries: ${at.retries} } }\n`);
      at.retries = Number(/retries: (\d)/.exec(next)?.[1]);
      at.revised++;
      return { number: 9 };
    },
  };
  const applier = new Applier({
    book,
    config: config as never,
    live: {} as never,
    now: () => at.now,
    verify: (id) => book.change(id, (known) => ({ ...known, state: 'verifying' })),
  });
  const settings = { enabled: true, allow: ['change-limit'], dryRun: false, maxPerHour: 3 };
  const actions = new AutomaticActions({
    documents: documents as never,
    book,
    applier,
    engine: { queries: { figures: async () => ({ requests: 1000 }) } } as never,
    now: () => at.now,
    settings: () => settings as never,
  });
  const read = async (id = 'f1'): Promise<Finding> => (await book.get(id)) as Finding;
  const end = async (): Promise<void> => actions.endDue([await read()]);
  const action = async (): Promise<Action> => (await read()).actions[0] as Action;
  /** Considers both at once; what the second takes of the hour it takes once the first has acted. */
  const considerBoth = async (first: Finding, second: Finding): Promise<void> => {
    const one = actions.consider(first);
    Object.assign(late, { after: 3, until: one });
    await Promise.all([one, actions.consider(second)]);
  };
  return { at, applier, actions, considerBoth, read, end, action };
}

const died = () => new GatewayError('worker_unresponsive', { detail: 'It has ended (SIGKILL).' });

test('an automatic action whose end fails for the moment ends as soon as it can', async () => {
  const { at, end, action, read } = await acting(findingWith(APPLIED));
  at.fails = died();
  // Said to whoever called, who logs it.
  await expect(end()).rejects.toBe(at.fails);
  expect((await action()).applied?.endsAt).toBe(DUE + MINUTE_MS);
  at.fails = undefined;
  await end();
  expect((await action()).status).toBe('applied');
  at.now += MINUTE_MS;
  await end();
  expect(await read()).toMatchObject({ state: 'open', actions: [{ status: 'reverted' }] });
  expect(at.retries).toBe(3);
});

test('it is tried ever more rarely, and after hours the finding says that it stays', async () => {
  const { at, end, action, read } = await acting(findingWith(APPLIED));
  at.fails = died();
  const waits: number[] = [];
  for (let endsAt: number | null = DUE; endsAt !== null; ) {
    at.now = endsAt;
    await expect(end()).rejects.toThrow('SIGKILL');
    endsAt = (await action()).applied?.endsAt ?? null;
    if (endsAt !== null) waits.push((endsAt - at.now) / MINUTE_MS);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  expect((await read()).history.at(-1)).toMatchObject({ what: 'action stays' });
});

test('a fix of a person’s that did not help, and could not be taken back for the moment, is taken back later', async () => {
  const applied = { ...APPLIED.applied, by: 'ada', endsAt: null };
  const { at, applier, end, read } = await acting(findingWith({ ...APPLIED, applied }));
  at.fails = died();
  await expect(applier.revert('f1', 0, { by: 'gateway' }, 'not fixed')).rejects.toBe(at.fails);
  at.fails = undefined;
  await end();
  expect(await read()).toMatchObject({ state: 'open', actions: [{ status: 'reverted' }] });
  expect(at.retries).toBe(3);
});

test('what others have changed is theirs at once; without the store nothing is decided', async () => {
  const { at, end, action, read } = await acting(findingWith(APPLIED));
  at.fails = new StoreUnavailable('away');
  await expect(end()).rejects.toThrow(StoreUnavailable);
  expect((await action()).applied?.endsAt).toBe(DUE);
  at.fails = undefined;
  at.retries = 2;
  await end();
  expect((await action()).applied?.endsAt).toBeNull();
  expect((await read()).history.at(-1)?.what).toBe('action stays');
});

test('an action that could not be done for the moment is offered as before; one that fits no more says so', async () => {
  const { at, applier, read } = await acting(findingWith(OFFERED, { state: 'open' }));
  at.retries = 3;
  at.fails = died();
  await expect(applier.apply('f1', 0, { by: 'ada' })).rejects.toMatchObject({ code: 'worker_unresponsive' });
  expect(await read()).toMatchObject({
    state: 'open',
    actions: [{ status: 'offered', dryRun: { ok: true } }],
  });
  at.fails = undefined;
  at.retries = 2;
  await expect(applier.apply('f1', 0, { by: 'ada' })).rejects.toMatchObject({ code: 'action_stale' });
  expect((await read()).actions[0]?.dryRun.ok).toBe(false);
});

const OPEN = { state: 'open' };

test('of two findings at once only one is acted on without asking: the other waits for its proof', async () => {
  const [first, second] = [findingWith(OFFERED, OPEN), findingWith(OFFERED, { ...OPEN, id: 'f2' })];
  const { at, considerBoth, read } = await acting(first, second);
  at.retries = 3;
  await considerBoth(first, second);
  expect(await read('f1')).toMatchObject({ state: 'verifying', actions: [{ status: 'applied' }] });
  expect(await read('f2')).toMatchObject({ state: 'open', actions: [OFFERED], history: [] });
});

test('a finding that is considered twice at once is acted on once, and not where people have acted since it was listed', async () => {
  const listed = findingWith(OFFERED, OPEN);
  const { at, actions, considerBoth, read } = await acting(listed);
  at.retries = 3;
  await considerBoth(listed, listed);
  await actions.consider(listed);
  expect(at.revised).toBe(1);
  expect(await read()).toMatchObject({ state: 'verifying', actions: [{ status: 'applied' }] });
});

test('two people who act on a finding at once do so one after the other: who comes second is told', async () => {
  const { at, applier, read } = await acting(findingWith(OFFERED, OPEN));
  at.retries = 3;
  const both = await Promise.allSettled(['ada', 'bob'].map((by) => applier.apply('f1', 0, { by })));
  const refused = both.filter(({ status }) => status === 'rejected');
  expect(refused).toMatchObject([{ reason: { code: 'finding_state' } }]);
  expect(await read()).toMatchObject({ state: 'verifying', actions: [{ status: 'applied' }] });
  expect(at.revised).toBe(1);
});
