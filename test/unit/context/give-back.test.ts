import { expect, it } from 'vitest';
import { GiveBack } from '../../../src/context/give-back.ts';
import type { SessionRef } from '../../../src/contracts/session.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openLog } from '../../../src/telemetry/logger.ts';

const ref = { tenant: 'app', session: 's1' };
const other = { tenant: 'app', session: 's2' };

function world() {
  const store = {
    isDown: false,
    released: [] as string[],
    release: (_: SessionRef, turn: string): void => {
      if (store.isDown) throw new StoreUnavailable('it is down');
      store.released.push(turn);
    },
  };
  let now = 0;
  const giveBack = new GiveBack({
    sessions: {
      release: async (of, turn) => store.release(of, turn),
    },
    log: openLog('silent', { write: () => undefined }).logger,
    clock: { monotonic: () => now },
    settings: () => ({ lease: 1000 }),
  });
  const pass = (ms: number) => {
    now += ms;
  };
  return { store, giveBack, pass };
}

it('what the store does not take is given back when it is there again, and what would have run out by then is not', async () => {
  const { store, giveBack, pass } = world();
  store.isDown = true;
  await giveBack.now(ref, 'old', '');
  pass(600);
  giveBack.soon(other, 'young', '', new StoreUnavailable('no answer'));
  expect([giveBack.has(ref), giveBack.has(other)]).toEqual([true, true]);
  expect(await giveBack.flush()).toBe(false);
  pass(600);
  store.isDown = false;
  expect(await giveBack.flush()).toBe(true);
  expect(store.released).toEqual(['young']);
  expect([giveBack.has(ref), giveBack.has(other)]).toEqual([false, false]);
});

it('who is tried waits for no other conversation, however many more fail meanwhile', async () => {
  const { giveBack, store } = world();
  const tried: string[] = [];
  store.release = ({ session }) => {
    tried.push(session);
    const more = { tenant: 'app', session: `more-${tried.length}` };
    if (tried.length < 100) giveBack.soon(more, 'late', '', new StoreUnavailable('no answer'));
    throw new StoreUnavailable('it is down');
  };
  giveBack.soon(ref, 'mine', '', new StoreUnavailable('no answer'));
  await giveBack.tried(ref);
  expect([tried, giveBack.has(ref)]).toEqual([['s1'], true]);
  await giveBack.close();
});

it('what the store refused was not announced', async () => {
  const { giveBack } = world();
  giveBack.soon(ref, 'none', '', new RangeError('no name'));
  expect(giveBack.has(ref)).toBe(false);
  await giveBack.close();
});
