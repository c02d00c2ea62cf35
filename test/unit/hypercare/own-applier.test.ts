import { expect, onTestFinished, test } from 'vitest';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { FindingBook } from '../../../src/hypercare/findings/book.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { OwnApplier } from '../../../src/hypercare/own-applier.ts';
import { openStore } from '../../../src/stores/index.ts';
import { detection } from '../../helpers/told-engine.ts';

const GATEWAYS = 'hypercare-gateways';
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
  const shared = { now: Date.now() };
  const gateway = () => {
    const done: string[] = [];
    const config = {
      fails: undefined as Error | undefined,
      revision: 7,
      text: 'upstreams:\n  shop:\n    timeout: 30s\n',
      revise: async ({ text, dryRun }: { text(current: string): string; dryRun: boolean }) => {
        if (config.fails) throw config.fails;
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
      now: () => shared.now,
      verify: (id) => book.change(id, (known) => ({ ...known, state: 'verifying' })),
    });
    return { applier, done, config };
  };
  const finding = async (): Promise<Finding> => (await book.get('f1')) as Finding;
  const look = async ({ applier }: { applier: OwnApplier }, leads: boolean): Promise<void> =>
    applier.look([await finding()], leads);
  /** A minute in which they say that they live. */
  const minute = async (...those: { applier: OwnApplier }[]): Promise<void> => {
    for (let ms = 0; ms < 60_000; ms += 10_000) {
      shared.now += 10_000;
      for (const each of those) await each.applier.look([], false);
    }
  };
  return { documents: store.documents, shared, gateway, finding, look, minute };
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
    const { gateway, finding, look, minute } = await gateways();
    const [acts, leads] = [gateway(), gateway()];
    for (const each of [acts, leads]) await look(each, false);
    await minute(acts, leads);
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
  for (const each of [acted, led]) await other.look(each, false);
  await other.minute(acted, led);
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

test('what the gateway that is asked can’t take back for the moment is taken back later; what fits its file no more stays, and is said to', async () => {
  const { shared, gateway, finding, look } = await gateways(PATCHED);
  const [acts, leads] = [gateway(), gateway()];
  for (const each of [acts, leads]) await look(each, false);
  await acts.applier.apply('f1', 0, { by: 'gateway', automatic: true });
  await leads.applier.revert('f1', 0, { by: 'gateway' }, 'it did not help');
  acts.config.fails = new GatewayError('worker_unresponsive', { detail: 'It has ended (SIGKILL).' });
  await expect(look(acts, false)).rejects.toBe(acts.config.fails);
  acts.config.fails = undefined;
  // Not with each beat.
  await look(acts, false);
  expect((await finding()).actions[0]).toMatchObject({ status: 'applied', applied: { undo: {} } });
  shared.now += 10 * 60_000;
  await look(acts, false);
  expect(await finding()).toMatchObject({ state: 'open', actions: [{ status: 'reverted' }] });
  expect(acts.config.text).toContain('30s');

  const other = await gateways(PATCHED);
  const [acted, led] = [other.gateway(), other.gateway()];
  await other.look(acted, false);
  await acted.applier.apply('f1', 0, { by: 'gateway', automatic: true });
  await led.applier.revert('f1', 0, { by: 'gateway' });
  acted.config.text = acted.config.text.replace('3s', '5s');
  await expect(other.look(acted, false)).rejects.toMatchObject({ code: 'action_stale' });
  const left = await other.finding();
  expect(left.actions[0]).toMatchObject({ status: 'applied', applied: { endsAt: null } });
  expect(left.actions[0]?.applied).not.toHaveProperty('undo');
  expect(left.history.at(-1)?.what).toBe('action stays');
});

test('after an outage of the store nobody is taken for ended who could not say that it lives', async () => {
  const { documents, shared, gateway, finding, look, minute } = await gateways();
  const [acts, leads] = [gateway(), gateway()];
  for (const each of [acts, leads]) await look(each, false);
  await minute(acts, leads);
  await acts.applier.apply('f1', 0, { by: 'gateway', automatic: true });
  // All that was said has run out. Who leads is the first to be back.
  shared.now += 90_000;
  for (const { id } of await documents.list(GATEWAYS, {})) await documents.delete(GATEWAYS, id);
  await look(leads, true);
  await leads.applier.revert('f1', 0, { by: 'gateway' }, 'not proven in time');
  await look(leads, true);
  expect((await finding()).actions[0]).toMatchObject({ status: 'applied', applied: { undo: {} } });
  await look(acts, false);
  expect(acts.done).toEqual(['draining', 'enabled']);
  expect((await finding()).actions[0]?.status).toBe('reverted');
});
