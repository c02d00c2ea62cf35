import { expect, it } from 'vitest';
import { GiveBack } from '../../../src/context/give-back.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openLog } from '../../../src/telemetry/logger.ts';

const ref = { tenant: 'app', session: 's1' };
const other = { tenant: 'app', session: 's2' };

function world() {
  const store = { isDown: false, released: [] as string[] };
  let now = 0;
  const giveBack = new GiveBack({
    sessions: {
      release: async (_, turn) => {
        if (store.isDown) throw new StoreUnavailable('it is down');
        store.released.push(turn);
      },
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

it('what the store refused was not announced', async () => {
  const { giveBack } = world();
  giveBack.soon(ref, 'none', '', new RangeError('no name'));
  expect(giveBack.has(ref)).toBe(false);
  await giveBack.close();
});
