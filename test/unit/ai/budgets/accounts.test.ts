import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Accounts } from '../../../../src/ai/budgets/accounts.ts';
import { drawsOf } from '../../../../src/ai/budgets/draw.ts';
import { BudgetMeters } from '../../../../src/ai/budgets/meters.ts';
import { type BudgetRule, budgetRules } from '../../../../src/ai/budgets/rules.ts';
import type { Budgets, Charge } from '../../../../src/contracts/budget.ts';
import type { StateChange } from '../../../../src/contracts/state-change.ts';
import { StoreUnavailable } from '../../../../src/contracts/store.ts';
import { Meters } from '../../../../src/record/meters.ts';
import { openLog } from '../../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../../src/telemetry/metrics.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const caller = { consumer: 'app', groups: ['a', 'a', 'b'], key: '', user: '', models: ['m'], session: '' };
const rule = (rest: object): BudgetRule[] =>
  budgetRules({
    consumers: [],
    ai: {
      budgets: [{ name: 'b', scope: 'consumer', per: 3_600_000, soft: 0.5, onStoreDown: 'allow', ...rest }],
    },
  } as never);
const most = { usd: 1, tokens: 100, requests: 1 };

function accounts() {
  const store = {
    isUp: true,
    refuses: '\0',
    spent: 0,
    renewed: [] as (readonly string[])[],
    settled: [] as (readonly Charge[])[],
  };
  const budgets: Budgets = {
    reserve: async (_id, claims) => {
      if (!store.isUp) throw new StoreUnavailable('away');
      return { refused: -1, states: claims.map(({ amount }) => ({ spent: store.spent, held: amount })) };
    },
    renew: async (ids) => void store.renewed.push(ids),
    settle: async (_id, charges) => {
      if (!store.isUp) throw new StoreUnavailable('away');
      if (!charges.every(({ amount }) => Number.isSafeInteger(amount))) throw new RangeError('not whole');
      if (charges.some(({ key }) => key.includes(store.refuses))) throw new RangeError('this one never');
      store.settled.push(charges);
      return charges.map(({ amount }) => {
        store.spent += amount;
        return { spent: store.spent, held: 0 };
      });
    },
    read: async () => [],
  };
  const changes: StateChange[] = [];
  const metrics = openMetrics({ process: false });
  const made = new Accounts({
    budgets,
    log: openLog('silent', { write: () => undefined }).logger,
    meters: new BudgetMeters(new Meters(metrics), metrics, Date.now),
    onChange: (change) => void changes.push(change),
    clock: { wall: Date.now, monotonic: () => performance.now() },
  });
  const used = async () => {
    const page = await metrics.getMetricsAsJSON();
    return page.find(({ name }) => name === 'gateway_budget_used_ratio')?.values.map(({ value }) => value);
  };
  const lost = async () => {
    const page = await metrics.getMetricsAsJSON();
    return page.find(({ name }) => name === 'gateway_budget_settlements_lost_total')?.values[0]?.value;
  };
  return { made, store, changes, used, lost };
}

it('a call that goes on and on keeps what it holds, and lets go when it is over', async () => {
  const { made, store } = accounts();
  const hold = await made.reserve(drawsOf(rule({ requests: 10 }), caller, Date.now()), most);
  await vi.advanceTimersByTimeAsync(45_000);
  expect(store.renewed).toEqual([[hold.id], [hold.id], [hold.id]]);
  made.settle(hold, most);
  await vi.advanceTimersByTimeAsync(45_000);
  expect(store.renewed).toHaveLength(3);
  await made.close();
});

it('what passed while the store was away is charged once it is back', async () => {
  const { made, store } = accounts();
  store.isUp = false;
  const hold = await made.reserve(drawsOf(rule({ tokens: 1000 }), caller, Date.now()), most);
  made.settle(hold, { usd: 0.5, tokens: 70, requests: 1 });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(store.settled).toEqual([]);
  store.isUp = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(store.settled.map(([charge]) => charge?.amount)).toEqual([70]);
});

it.each([
  ['nobody has', { usd: 1e12, tokens: 2 ** 53 + 2, requests: 1 }, Number.MAX_SAFE_INTEGER],
  [
    'without end',
    { usd: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY, requests: 1 },
    Number.MAX_SAFE_INTEGER,
  ],
  ['that is no number', { usd: Number.NaN, tokens: Number.NaN, requests: 1 }, 0],
])('a provider that names a sum %s is charged what can be counted, and no other call waits for it', async (_what, sum, units) => {
  const { made, store, lost } = accounts();
  for (const amounts of [sum, { usd: 0.5, tokens: 70, requests: 1 }])
    made.settle(
      await made.reserve(drawsOf(rule({ tokens: 1000, usd: 1 }), caller, Date.now()), most),
      amounts,
    );
  await vi.advanceTimersByTimeAsync(50);
  expect(store.settled.map((charges) => charges.map(({ amount }) => amount))).toEqual([
    [units, units],
    [500_000_000, 70],
  ]);
  expect(await lost()).toBe(0);
});

it('a settlement that can not be made is lost, and said to be; the others are made', async () => {
  const { made, store, lost } = accounts();
  store.refuses = '/bad/';
  const draws = (consumer: string) => drawsOf(rule({ tokens: 1000 }), { ...caller, consumer }, Date.now());
  for (const consumer of ['bad', 'good']) made.settle(await made.reserve(draws(consumer), most), most);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(store.settled.map(([charge]) => charge?.amount)).toEqual([100]);
  expect(await lost()).toBe(1);
  await made.close();
});

it('a sum that nobody knows is reserved on no budget of money', async () => {
  const { made } = accounts();
  const draws = drawsOf(rule({ usd: 1 }), caller, Date.now());
  for (const usd of [-1, Number.NaN])
    await expect(made.reserve(draws, { ...most, usd })).rejects.toMatchObject({ code: 'budget_unpriced' });
});

it('a budget tells of each threshold once, and of its new beginning', async () => {
  const { made, changes } = accounts();
  const spend = async (requests: number) => {
    const hold = await made.reserve(drawsOf(rule({ tokens: 100 }), caller, Date.now()), most);
    made.settle(hold, { usd: 0, tokens: requests, requests: 1 });
    await vi.advanceTimersByTimeAsync(50);
  };
  for (const tokens of [40, 20, 10, 30, 10]) await spend(tokens);
  expect(changes.map(({ from, to, reason }) => [from, to, reason])).toEqual([
    ['ok', 'soft', '60 tokens of 100 tokens spent'],
    ['soft', 'spent', '100 tokens of 100 tokens spent'],
  ]);
});

it('billionths of a dollar are counted, and parts of one as one', async () => {
  const { made, store } = accounts();
  const draws = drawsOf(rule({ usd: 1 }), caller, Date.now());
  made.settle(await made.reserve(draws, most), { usd: 0.1 + 0.2, tokens: 0, requests: 1 });
  made.settle(await made.reserve(draws, most), { usd: 1e-10, tokens: 0, requests: 1 });
  await vi.advanceTimersByTimeAsync(50);
  expect(store.settled.map(([charge]) => charge?.amount)).toEqual([300_000_000, 1]);
});

it('a caller draws on the budget of each of its groups once, and a user on none of another consumer', () => {
  expect(drawsOf(rule({ scope: 'group', requests: 1 }), caller, 0).map(({ subject }) => subject)).toEqual([
    'a',
    'b',
  ]);
  const keyOf = (consumer: string, user: string) =>
    drawsOf(rule({ scope: 'user', requests: 1 }), { ...caller, consumer, user }, 0)[0]?.key;
  expect(keyOf('a', 'b')).not.toBe(keyOf('b', 'b'));
  expect(keyOf('a', 'b\0c')).not.toBe(keyOf('a\0b', 'c2'));
  expect(keyOf('x'.repeat(500), 'y'.repeat(500))?.length).toBeLessThan(512);
});

it('what is used of a budget is shown until its window ends, and a call that ends later does not show it again', async () => {
  const { made, store, used } = accounts();
  const reserve = () => made.reserve(drawsOf(rule({ tokens: 200 }), caller, Date.now()), most);
  const first = await reserve();
  made.settle(first, { usd: 0, tokens: 190, requests: 1 });
  await vi.advanceTimersByTimeAsync(50);
  const long = await reserve();
  expect(await used()).toEqual([1.45]);

  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(await used()).toEqual([]);
  store.spent = 0;
  await reserve();
  expect(await used()).toEqual([0.5]);
  made.settle(long, { usd: 0, tokens: 100, requests: 1 });
  await vi.advanceTimersByTimeAsync(50);
  expect(await used()).toEqual([0.5]);
  await made.close();
});
