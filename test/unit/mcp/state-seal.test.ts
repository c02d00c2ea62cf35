import { expect, it, onTestFinished } from 'vitest';
import { SessionStore } from '../../../src/mcp/sessions/session-store.ts';
import { SharedKey } from '../../../src/mcp/shared-key.ts';
import { StateSeal } from '../../../src/mcp/state-seal.ts';
import { openStore } from '../../../src/stores/index.ts';

const owner = { server: 'shop', principal: 'consumer ada', operation: 'tools/call buy' };

async function memory() {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  return store;
}

it('a sealed state is opened by any replica, for its time, and for its owner only', async () => {
  const { documents } = await memory();
  const time = { now: 1_000_000_000_000 };
  const replica = () => new StateSeal(new SharedKey(documents), () => time.now);
  const sealed = await replica().seal({ state: 'round 1', round: 1 }, owner, {
    stateKey: undefined,
    ttlMs: 60_000,
  });
  const other = replica();
  const open = (as = owner) =>
    other.open(sealed, as, undefined).then(
      ({ state, round }) => `${state} of ${round}`,
      (error) => error.code,
    );
  expect(await open()).toBe('round 1 of 1');
  expect(await open({ ...owner, server: 'bank' })).toBe('mcp_state_invalid');
  expect(await open({ ...owner, principal: 'consumer bob' })).toBe('mcp_state_invalid');
  expect(await open({ ...owner, operation: 'tools/call sell' })).toBe('mcp_state_invalid');
  time.now += 59_000;
  expect(await open()).toBe('round 1 of 1');
  time.now += 2000;
  expect(await open()).toBe('mcp_state_invalid');
});

it('of two replicas that change one session at once one writes, and both go on with what it wrote', async () => {
  const { documents } = await memory();
  const [here, there] = [1, 2].map(() => new SessionStore(documents, documents, () => 0)) as [
    SessionStore,
    SessionStore,
  ];
  const fields = { server: 'shop', principal: 'p', initialize: {}, upstream: { shop: 'old' }, owner: '' };
  const { id } = await here.open(fields, 60_000);
  const find = (store: SessionStore) => store.find(id, { server: 'shop', principal: 'p' }, 60_000);
  const [mine, theirs] = await Promise.all([find(here), find(there)]);
  const changed = await Promise.all([
    here.change(mine!, { upstream: { shop: 'mine' } }, 60_000),
    there.change(theirs!, { upstream: { shop: 'theirs' } }, 60_000),
  ]);
  const [winner] = new Set(changed.map((each) => each?.record.upstream.shop));
  expect(changed.map((each) => each?.record.upstream.shop)).toEqual([winner, winner]);
  expect(changed.map((each) => each?.version)).toEqual([2, 2]);
  await there.close(theirs!);
  expect(await here.change(changed[0]!, { upstream: {} }, 60_000)).toBeUndefined();
});
