import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Claim } from '../../src/contracts/budget.ts';
import type { Store } from '../../src/contracts/store.ts';
import { until } from '../helpers/redis-server.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SHORT = 250;
const LONG = 3_600_000;
/** In the far future of injected time too. */
const ENDS_AT = 4_000_000_000_000;

describe.each(places)('budgets on $name', ({ make }) => {
  let place: Place;
  let store: Store;
  let fresh = 0;
  let mine = '';

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });
  beforeEach(() => {
    mine = `test ${fresh++}`;
  });

  const claim = (amount: number, limit: number, key = mine): Claim => ({
    key,
    amount,
    limit,
    endsAt: ENDS_AT,
  });
  const charge = (amount: number, key = mine) => ({ key, amount, endsAt: ENDS_AT });
  const state = async (key = mine) => (await store.budgets.read([key]))[0];

  it('grant up to the limit, and charge what it came to', async () => {
    expect(await store.budgets.reserve(`${mine} a`, [claim(60, 100)], LONG)).toEqual({
      refused: -1,
      states: [{ spent: 0, held: 60 }],
    });
    expect(await store.budgets.reserve(`${mine} b`, [claim(41, 100)], LONG)).toEqual({
      refused: 0,
      states: [{ spent: 0, held: 60 }],
    });
    expect(await store.budgets.settle(`${mine} a`, [charge(59)])).toEqual([{ spent: 59, held: 0 }]);
    expect((await store.budgets.reserve(`${mine} c`, [claim(41, 100)], LONG)).refused).toBe(-1);
    expect((await store.budgets.reserve(`${mine} d`, [claim(1, 100)], LONG)).refused).toBe(0);
    expect((await store.budgets.reserve(`${mine} e`, [claim(0, 100)], LONG)).refused).toBe(-1);
  });

  it('grant by all or change none', async () => {
    const [small, large] = [`${mine} small`, `${mine} large`];
    await store.budgets.reserve(`${mine} a`, [claim(9, 10, small)], LONG);
    const refusal = await store.budgets.reserve(
      `${mine} b`,
      [claim(5, 100, large), claim(2, 10, small), claim(9, 1, mine)],
      LONG,
    );
    expect(refusal).toEqual({
      refused: 1,
      states: [
        { spent: 0, held: 0 },
        { spent: 0, held: 9 },
        { spent: 0, held: 0 },
      ],
    });
    expect(await store.budgets.read([large, small])).toEqual([
      { spent: 0, held: 0 },
      { spent: 0, held: 9 },
    ]);
  });

  it('settle once, however often they are told', async () => {
    await store.budgets.reserve(`${mine} a`, [claim(10, 100)], LONG);
    for (let i = 0; i < 3; i++)
      expect(await store.budgets.settle(`${mine} a`, [charge(7)])).toEqual([{ spent: 7, held: 0 }]);
  });

  it('charge over the limit and without a reservation: what was spent was spent', async () => {
    await store.budgets.reserve(`${mine} a`, [claim(10, 100)], LONG);
    await store.budgets.settle(`${mine} a`, [charge(150)]);
    expect(await store.budgets.settle(`${mine} never reserved`, [charge(5)])).toEqual([
      { spent: 155, held: 0 },
    ]);
    expect((await store.budgets.reserve(`${mine} b`, [claim(0, 100)], LONG)).refused).toBe(0);
  });

  it('have back what a dead process held, when its lease is over', async () => {
    // Right behind it: nothing may take longer in between than the lease.
    const [, meanwhile] = await Promise.all([
      store.budgets.reserve(`${mine} dead`, [claim(100, 100)], SHORT),
      store.budgets.reserve(`${mine} b`, [claim(1, 100)], LONG),
    ]);
    expect(meanwhile.refused).toBe(0);
    await until(async () => {
      await place.pass(100);
      return (await store.budgets.reserve(`${mine} b`, [claim(1, 100)], LONG)).refused === -1;
    }, 'the lease to be over');
    expect(await state()).toEqual({ spent: 0, held: 1 });
    // It was not dead after all, only late.
    expect(await store.budgets.settle(`${mine} dead`, [charge(80)])).toEqual([{ spent: 80, held: 1 }]);
  });

  it('have back what more dead calls held than one step looks at', async () => {
    await Promise.all(
      Array.from({ length: 600 }, (_, i) => store.budgets.reserve(`${mine} ${i}`, [claim(1, 600)], SHORT)),
    );
    await place.pass(300);
    await place.pass(300);
    expect((await store.budgets.reserve(`${mine} all`, [claim(600, 600)], LONG)).refused).toBe(-1);
  });

  it('hold on while the lease is renewed, and no longer', async () => {
    const renew = () => store.budgets.renew([`${mine} a`, `${mine} unknown`], 30 * SHORT);
    // The first time right behind it: its own lease is over before the next.
    await Promise.all([store.budgets.reserve(`${mine} a`, [claim(100, 100)], SHORT), renew()]);
    await place.pass(300);
    for (let i = 0; i < 4; i++) {
      await place.pass(50);
      await renew();
    }
    expect((await store.budgets.reserve(`${mine} b`, [claim(1, 100)], LONG)).refused).toBe(0);
    await store.budgets.settle(`${mine} a`, [charge(1)]);
    await store.budgets.renew([`${mine} a`], LONG);
    expect(await state()).toEqual({ spent: 1, held: 0 });
  });

  it('let exactly as many in as there is room for, of 500 at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        store.budgets.reserve(`${mine} ${i}`, [claim(1, 100), claim(3, 1000, `${mine} other`)], LONG),
      ),
    );
    expect(results.filter(({ refused }) => refused === -1)).toHaveLength(100);
    expect(await store.budgets.read([mine, `${mine} other`])).toEqual([
      { spent: 0, held: 100 },
      { spent: 0, held: 300 },
    ]);
  });

  it('count to the last unit beyond what a float prints', async () => {
    const much = 2 ** 53 - 3;
    await store.budgets.settle(`${mine} a`, [charge(much)]);
    expect((await store.budgets.reserve(`${mine} b`, [claim(2, much + 1)], LONG)).refused).toBe(0);
    expect(await store.budgets.reserve(`${mine} c`, [claim(1, much + 1)], LONG)).toEqual({
      refused: -1,
      states: [{ spent: much, held: 1 }],
    });
  });

  it('count what was spent as far as numbers go, and stay there', async () => {
    for (const id of ['a', 'b', 'c'])
      expect(await store.budgets.settle(`${mine} ${id}`, [charge(Number.MAX_SAFE_INTEGER)])).toEqual([
        { spent: Number.MAX_SAFE_INTEGER, held: 0 },
      ]);
    expect((await store.budgets.reserve(`${mine} d`, [claim(1, 100)], LONG)).refused).toBe(0);
  });

  it('grant a call of somebody who is in hundreds of groups', async () => {
    const claims = Array.from({ length: 1024 }, (_, i) => claim(1, 1, `${mine} ${i}`));
    expect((await store.budgets.reserve(`${mine} a`, claims, LONG)).refused).toBe(-1);
    await store.budgets.settle(
      `${mine} a`,
      claims.map(({ key }) => charge(1, key)),
    );
    expect((await store.budgets.reserve(`${mine} b`, claims.slice(-1), LONG)).refused).toBe(0);
  });

  it('keep hostile keys apart', async () => {
    const keys = ['__proto__', 'settled', `'`, '{a}', '}', '%', '\n', '\0', '🙂'].map(
      (key) => `${key}${mine}`,
    );
    keys.push('__proto__', 'settled');
    for (const [at, key] of keys.entries()) {
      await store.budgets.reserve(`${mine} ${at}`, [claim(at + 1, 100, key)], LONG);
      await store.budgets.settle(`${mine} ${at}`, [charge(at + 2, key)]);
    }
    expect((await store.budgets.read(keys)).map(({ spent }) => spent)).toEqual(keys.map((_, at) => at + 2));
  });

  it.each([
    ['', [claim(1, 1, 'k')], 1],
    ['a', [claim(1, 1, '')], 1],
    ['a', [claim(-1, 1, 'k')], 1],
    ['a', [claim(0.5, 1, 'k')], 1],
    ['a', [claim(1, 2 ** 53, 'k')], 1],
    ['a', [claim(1, 1, 'k'), claim(1, 1, 'k')], 1],
    ['a', [claim(1, 1, 'k')], 0],
    ['a', Array.from({ length: 1025 }, (_, i) => claim(1, 1, `k${i}`)), 1],
  ])('refuse %j, %j, %d', async (id, claims, leaseMs) => {
    await expect(store.budgets.reserve(id, claims, leaseMs)).rejects.toThrow(RangeError);
  });
});
