import { expect, onTestFinished, test } from 'vitest';
import type { Documents } from '../../../src/contracts/store.ts';
import type { Care } from '../../../src/hypercare/care.ts';
import { deadChannel } from '../../../src/hypercare/channels/dead-channel.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { moved } from '../../../src/hypercare/findings/life.ts';
import { careReplicas } from '../../helpers/care-replicas.ts';
import { eventually } from '../../helpers/gateway.ts';
import { detection } from '../../helpers/told-engine.ts';

const found = detection({ where: { scopes: [], share: 1, normal: [] } });
const STATE = { signal: 'state', unit: 'count', observed: 1, expected: 0, ratio: null } as const;
const open = detection({
  fingerprint: 'state/state:breaker_open/upstream=shop',
  detector: 'state',
  reason: 'breaker_open',
  what: { ...STATE, interval: [1, 1] },
});

/** The one finding that there is, once it is so. */
async function theOne(care: Care, is: (finding: Finding) => boolean = () => true): Promise<Finding> {
  return eventually(async () => (await care.book.all()).find(is));
}

test('who leads again tells nothing that another has told meanwhile, however long it takes to work off what waits', async () => {
  const { documents, shared, told, replica } = await careReplicas();
  const gate = Promise.withResolvers<void>();
  onTestFinished(() => gate.resolve());
  let looksUp = 0;
  let readsAnew = false;
  // The second thing that waits takes until the first has been told of.
  const slow = {
    get: async (collection: string, id: string) => {
      if (shared.now > began && id === found.fingerprint && ++looksUp === 2) await gate.promise;
      return documents.get(collection, id);
    },
    list: (collection: string, options: object) => {
      readsAnew ||= shared.now > began && collection === 'finding-told';
      return documents.list(collection, options);
    },
  };
  const began = shared.now;
  const a = replica({
    documents: new Proxy(documents, {
      get: (of, name) =>
        Reflect.get(slow, name) ?? (Reflect.get(of, name) as (...args: unknown[]) => unknown).bind(of),
    }) as Documents,
  });
  await a.care.start();
  a.engine.say('opened', found);
  await eventually(() => told.length === 1);

  shared.now += 31_000;
  const b = replica();
  await b.care.start();
  const [finding] = await b.care.book.all();
  await b.care.desk.acknowledge(finding?.id ?? '', 'ada');
  await eventually(() => told.length === 2);
  await b.care.stop();

  for (let waits = 0; waits < 2; waits++) a.engine.say('updated', found);
  const beat = a.care.beat();
  await eventually(() => readsAnew || told.length > 2);
  gate.resolve();
  await beat;
  await a.care.stop();
  expect(told).toEqual(['finding.opened', 'finding.acknowledged']);
});

test('who takes the lead is told of what ends, though the clock of whoever led was ahead; so is who set its own back', async () => {
  const { shared, replica } = await careReplicas();
  const ahead = replica({ skew: 3_600_000 });
  await ahead.care.start();
  ahead.engine.say('opened', found);
  await theOne(ahead.care);
  await ahead.care.stop();

  const { care, engine } = replica();
  await care.start();
  engine.say('ended', found);
  expect(await theOne(care, ({ state }) => state === 'verifying')).toMatchObject({
    when: { until: shared.now },
    verification: { claim: 'over by itself' },
  });
});

test('what waited for the lease says nothing against what another saw since', async () => {
  const { shared, replica } = await careReplicas();
  const [a, b] = [replica(), replica()];
  await a.care.start();
  await b.care.start();
  for (const { engine } of [a, b]) engine.say('opened', found);
  b.engine.say('ended', found);
  shared.now += 600_000;
  await a.care.beat();
  a.engine.say('updated', found);
  await theOne(a.care, ({ seenAt }) => seenAt === shared.now);
  await a.care.stop();
  await b.care.beat();
  expect(await theOne(b.care)).toMatchObject({ state: 'open', when: { until: null } });
});

test('an end that was told while a fix was being proven is proven when the fix is taken back; what no request proves is over', async () => {
  const { replica } = await careReplicas();
  const { care, engine } = replica();
  await care.start();
  engine.say('opened', found);
  const { id } = await theOne(care);
  const nothing = { patch: [], call: null };
  const dryRun = { at: 0, ok: false, problem: '' };
  const action = { n: 0, title: 'did nothing', status: 'applied', does: nothing, undoes: nothing, dryRun };
  await care.book.change(id, (known) => ({ ...known, actions: [action as never] }));
  await care.desk.resolve(id, 'ada', 'restarted');
  engine.say('ended', found);
  await theOne(care, ({ when }) => when.until !== null);
  await care.applier.revert(id, 0, { by: 'ada' });
  expect(await care.book.get(id)).toMatchObject({ state: 'open', verification: null });
  await care.beat();
  expect(await care.book.get(id)).toMatchObject({
    state: 'verifying',
    verification: { claim: 'over by itself' },
  });

  engine.say('opened', open);
  const state = await theOne(care, ({ reason }) => reason === 'breaker_open');
  const become = (to: 'acting' | 'open') =>
    care.book.change(state.id, (known) => moved(known, to, { at: Date.now(), by: 'ada', what: to }));
  await become('acting');
  engine.say('ended', open);
  await theOne(care, ({ reason, when }) => reason === 'breaker_open' && when.until !== null);
  await become('open');
  await care.beat();
  expect(await care.book.get(state.id)).toMatchObject({ state: 'expired' });
});

test('an end that the traffic refuses to prove is not asked for again within the day', async () => {
  const { shared, replica } = await careReplicas();
  const { care, engine } = replica();
  await care.start();
  engine.say('opened', found);
  const { id } = await theOne(care);
  engine.say('ended', found);
  await theOne(care, ({ state }) => state === 'verifying');
  engine.count(id, 100, 1000, shared.now + 20_000);
  await theOne(care, ({ state }) => state === 'open');
  await care.beat();
  expect(await care.book.get(id)).toMatchObject({ state: 'open', verification: { state: 'not-fixed' } });
  shared.now += 25 * 3_600_000;
  await care.beat();
  expect(await care.book.get(id)).toMatchObject({ state: 'verifying' });
});

test('who leads has its engine go on with what that has never seen, and with nothing that is over or a channel’s', async () => {
  const { replica } = await careReplicas();
  const [a, b] = [replica(), replica()];
  await a.care.start();
  a.engine.say('opened', found);
  a.engine.say('opened', open);
  a.engine.say('opened', deadChannel('ops', 'answered 503', Date.now()));
  await eventually(async () => (await a.care.book.all()).length === 3);
  a.engine.say('ended', open);
  await theOne(a.care, ({ state }) => state === 'expired');
  await a.care.stop();
  await b.care.start();
  const [resumed] = b.engine.resumed;
  expect(b.engine.resumed.map(({ fingerprint }) => fingerprint)).toEqual([found.fingerprint]);
  expect(resumed).not.toHaveProperty('state');
});

test('what ended while a beat was at something else is not gone on with', async () => {
  const { documents, replica } = await careReplicas();
  const gate = Promise.withResolvers<void>();
  onTestFinished(() => gate.resolve());
  let isSlow = false;
  let isAtIt = false;
  const put = async (...about: Parameters<Documents['put']>) => {
    if (isSlow && about[0] === 'hypercare-gateways') {
      isAtIt = true;
      await gate.promise;
    }
    return documents.put(...about);
  };
  const { care, engine } = replica({
    documents: new Proxy(documents, {
      get: (of, name) =>
        name === 'put' ? put : (Reflect.get(of, name) as (...args: unknown[]) => unknown).bind(of),
    }) as Documents,
  });
  await care.start();
  engine.say('opened', open);
  await theOne(care);
  await care.beat();
  expect(engine.resumed.splice(0)).toHaveLength(1);
  isSlow = true;
  const beat = care.beat();
  await eventually(() => isAtIt);
  engine.say('ended', open);
  await theOne(care, ({ state }) => state === 'expired');
  await care.settled();
  gate.resolve();
  await beat;
  expect(engine.resumed).toEqual([]);
});

test('what another said before it took the lead brings nothing back that ended since; what it says from then on does', async () => {
  const { shared, replica } = await careReplicas();
  const [a, b] = [replica(), replica()];
  await a.care.start();
  await b.care.start();
  for (const { engine } of [a, b]) engine.say('opened', open);
  await theOne(a.care);
  b.engine.say('updated', open);
  shared.now += 1000;
  a.engine.say('ended', open);
  await theOne(a.care, ({ state }) => state === 'expired');
  shared.now += 20_000;
  await a.care.stop();
  await b.care.beat();
  expect(await theOne(b.care)).toMatchObject({ state: 'expired', timesRegressed: 0 });
  b.engine.say('updated', open);
  await theOne(b.care, ({ state }) => state === 'regressed');
});

test('what looks over while an action helps that ends by itself is proven once that has ended', async () => {
  const { shared, replica } = await careReplicas();
  const { care, engine } = replica();
  await care.start();
  engine.say('opened', found);
  const { id } = await theOne(care);
  const nothing = { patch: [], call: null };
  const canary = { does: nothing, undoes: nothing, scopes: [] };
  const applied = { at: shared.now, by: 'gateway', revision: 1, endsAt: shared.now + 900_000 };
  const dryRun = { at: 0, ok: true, problem: '' };
  // It did well, and could not be done for all at the moment.
  const action = {
    n: 0,
    title: 'less',
    status: 'canary',
    does: nothing,
    undoes: nothing,
    canary,
    dryRun,
    applied,
  };
  await care.book.change(id, (known) => ({ ...known, actions: [action as never] }));
  engine.say('ended', found);
  await care.settled();
  for (let beats = 0; beats < 2; beats++) await care.beat();
  expect(await care.book.get(id)).toMatchObject({
    state: 'open',
    when: { until: expect.any(Number) },
    actions: [{ status: 'canary', applied: { endsAt: applied.endsAt } }],
  });
  shared.now = applied.endsAt;
  await care.beat();
  expect(await care.book.get(id)).toMatchObject({
    state: 'verifying',
    verification: { claim: 'over by itself' },
    actions: [{ status: 'reverted' }],
  });
});
