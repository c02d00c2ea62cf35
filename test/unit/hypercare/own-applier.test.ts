import { expect, onTestFinished, test } from 'vitest';
import { FindingBook } from '../../../src/hypercare/findings/book.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { OwnApplier } from '../../../src/hypercare/own-applier.ts';
import { openStore } from '../../../src/stores/index.ts';
import { detection } from '../../helpers/told-engine.ts';

const at = { upstream: 'shop', target: 'http://b:1' };
const FOUND = {
  ...detection(),
  id: 'f1',
  state: 'open',
  acknowledgedAt: null,
  history: [],
  actions: [
    {
      n: 0,
      title: 'Give b no more requests',
      does: { patch: [], call: { do: 'drain-target', ...at } },
      undoes: { patch: [], call: { do: 'enable-target', ...at } },
      canary: null,
      dryRun: { at: 0, ok: true, problem: '' },
      status: 'offered',
      applied: null,
    },
  ],
} as unknown as Finding;

const path = '/upstreams/shop/timeout';
const step = (before: string, after: string) => ({
  patch: [
    { op: 'test', path, value: before },
    { op: 'replace', path, value: after },
  ],
  call: null,
});
const PATCHED = {
  ...FOUND,
  actions: [{ ...FOUND.actions[0], does: step('30s', '3s'), undoes: step('3s', '30s') }],
} as unknown as Finding;

/** Gateways that share a store, with a file each; what is done to what runs is done to each by itself. */
async function gateways(found: Finding = FOUND) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const book = new FindingBook(store.documents);
  await book.add(found);
  const gateway = () => {
    const done: string[] = [];
    const config = {
      revision: 7,
      text: 'upstreams:\n  shop:\n    timeout: 30s\n',
      revise: async ({ text, dryRun }: { text(current: string): string; dryRun: boolean }) => {
        const next = text(config.text);
        if (!dryRun) config.text = next;
        return { number: 8, etag: '"8"', isNew: true };
      },
    };
    const applier = new OwnApplier({
      documents: store.documents,
      book,
      config: config as never,
      live: {
        targets: () => [{ url: 'http://a:1', weight: 1, state: 'healthy' }],
        setTarget: (_: string, _url: string, to: string) => done.push(to) > 0,
      } as never,
      now: Date.now,
      verify: (id) => book.change(id, (known) => ({ ...known, state: 'verifying' })),
    });
    return { applier, done, config };
  };
  const finding = async (): Promise<Finding> => (await book.get('f1')) as Finding;
  const look = async ({ applier }: { applier: OwnApplier }, leads: boolean): Promise<void> =>
    applier.look([await finding()], leads);
  return { gateway, finding, look };
}

test('what one gateway did to itself is taken back by that one, whoever leads, and only then called taken back', async () => {
  const { gateway, finding, look } = await gateways();
  const [acts, leads] = [gateway(), gateway()];
  await look(acts, false);
  await acts.applier.apply('f1', 0, { by: 'ada' });
  for (let asks = 0; asks < 2; asks++)
    await leads.applier.revert('f1', 0, { by: 'gateway' }, 'it did not help');
  await look(leads, true);
  expect(leads.done).toEqual([]);
  const asked = await finding();
  expect(asked.actions[0]?.status).toBe('applied');
  expect(asked.history.filter(({ what }) => what === 'revert asked')).toHaveLength(1);

  await look(acts, false);
  expect(acts.done).toEqual(['draining', 'enabled']);
  const after = await finding();
  expect(after).toMatchObject({ state: 'open', actions: [{ status: 'reverted' }] });
  expect(after.history.some(({ what, note }) => what === 'reverted' && note === 'it did not help')).toBe(
    true,
  );
});

test('what was done by a gateway that has ended has ended with it, asked for before or after', async () => {
  for (const isAskedBefore of [true, false]) {
    const { gateway, finding, look } = await gateways();
    const [acts, leads] = [gateway(), gateway()];
    await look(acts, false);
    await acts.applier.apply('f1', 0, { by: 'gateway', automatic: true });
    const ask = () => leads.applier.revert('f1', 0, { by: 'gateway' }, 'it did not help');
    if (isAskedBefore) await ask();
    await acts.applier.leave();
    if (isAskedBefore) await look(leads, true);
    else await ask();
    const after = await finding();
    expect(after).toMatchObject({ state: 'open', actions: [{ status: 'reverted' }] });
    expect(after.history.at(-1)?.note).toContain('it ended with the gateway that did it');
    expect(leads.done).toEqual([]);
  }
});

test('who did it takes it back at once', async () => {
  const { gateway, finding, look } = await gateways();
  const acts = gateway();
  await look(acts, true);
  await acts.applier.apply('f1', 0, { by: 'ada' });
  await acts.applier.revert('f1', 0, { by: 'ada' });
  expect(acts.done).toEqual(['draining', 'enabled']);
  expect((await finding()).actions[0]?.status).toBe('reverted');
});

test('a patch that does not fit the file of who leads is taken back by who made it; where that has ended it stays, and is said to', async () => {
  const { gateway, finding, look } = await gateways(PATCHED);
  const [acts, leads] = [gateway(), gateway()];
  await look(acts, false);
  await acts.applier.apply('f1', 0, { by: 'ada' });
  const ask = () => leads.applier.revert('f1', 0, { by: 'gateway' }, 'it did not help');
  await ask();
  expect((await finding()).history.at(-1)?.what).toBe('revert asked');
  await look(acts, false);
  expect((await finding()).actions[0]?.status).toBe('reverted');
  expect([acts, leads].map(({ config }) => config.text.includes('30s'))).toEqual([true, true]);

  const other = await gateways(PATCHED);
  const [acted, led] = [other.gateway(), other.gateway()];
  await other.look(acted, false);
  await acted.applier.apply('f1', 0, { by: 'gateway', automatic: true });
  await led.applier.revert('f1', 0, { by: 'gateway' });
  await acted.applier.leave();
  await other.look(led, true);
  const left = await other.finding();
  expect(left.actions[0]).toMatchObject({ status: 'applied', applied: { endsAt: null } });
  expect(left.history.at(-1)?.what).toBe('action stays');
  await expect(led.applier.revert('f1', 0, { by: 'ada' })).rejects.toMatchObject({ code: 'action_stale' });
  expect((await other.finding()).history.at(-1)?.what).toBe('revert failed');
});
