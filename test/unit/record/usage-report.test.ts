// What model calls came to, added up by what is asked for: the same figures from sums as from the rows.
import { expect, it, onTestFinished } from 'vitest';
import type { Ledger, LedgerRow } from '../../../src/contracts/ledger.ts';
import { type UsageDimension, usageReport } from '../../../src/record/usage-report.ts';
import { UsageSums } from '../../../src/record/usage-sums.ts';
import { openStore } from '../../../src/stores/index.ts';
import { ledgerRow } from '../../helpers/ledger-row.ts';

const MINUTE = 60_000;
const DAY = Date.parse('2026-11-01');
const RANGE = { from: DAY, to: DAY + 1440 * MINUTE };

const row = (at: number, rest: Partial<LedgerRow> = {}): LedgerRow => ledgerRow({ at, ...rest });

/** A ledger of these rows that notes how many were read. */
async function ledgerOf(rows: readonly LedgerRow[]) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const { ledger } = store;
  for (let at = 0; at < rows.length; at += 500) await ledger.append(rows.slice(at, at + 500));
  let count = 0;
  const noted: Ledger = {
    append: (more) => ledger.append(more),
    stamp: (span) => ledger.stamp(span),
    forget: (before, most) => ledger.forget(before, most),
    read: async (range) => {
      const page = await ledger.read(range);
      count += page.length;
      return page;
    },
  };
  const read = (): number => {
    const before = count;
    count = 0;
    return before;
  };
  return { ledger: noted, read };
}

const callsOf = async (sums: UsageSums, by: UsageDimension, range = RANGE): Promise<[string, number][]> =>
  (await usageReport(sums, { ...range, by: [by] })).groups.map((group) => [group.by.join(), group.calls]);

it('adds up by what is asked for, over any number of rows', async () => {
  const rows = Array.from({ length: 1234 }, (_, i) =>
    row(DAY + 720 * MINUTE, {
      groups: i % 2 === 0 ? ['web', 'shop'] : [],
      usd: i === 0 ? -1 : 0.5,
      usageSource: i === 1 ? 'estimated' : 'reported',
    }),
  );
  const { ledger } = await ledgerOf(rows);

  const report = await usageReport(new UsageSums(ledger), { ...RANGE, by: ['day', 'group'] });

  expect(report.total).toMatchObject({ calls: 1234, input: 12_340, usd: 616.5, estimated: 1, unpriced: 1 });
  expect(report.groups.map(({ by, calls }) => [by, calls])).toEqual([
    [['2026-11-01', ''], 617],
    [['2026-11-01', 'shop'], 617],
    [['2026-11-01', 'web'], 617],
  ]);
});

it('reads each row once, whatever is asked for; what comes late, or is forgotten, is noticed', async () => {
  const rows = Array.from({ length: 600 }, (_, i) => row(DAY + i * MINUTE, { user: `u${i % 3}` }));
  const { ledger, read } = await ledgerOf(rows);
  const sums = new UsageSums(ledger);

  expect(await callsOf(sums, 'model')).toEqual([['alias', 600]]);
  expect(read()).toBe(600);
  expect(await callsOf(sums, 'user')).toEqual([
    ['u0', 200],
    ['u1', 200],
    ['u2', 200],
  ]);
  expect(read()).toBe(0);

  // A long call that ends now began hours ago; another process may have written it.
  await ledger.append([row(DAY + 61 * MINUTE, { user: 'late' })]);
  expect(await callsOf(sums, 'user')).toContainEqual(['late', 1]);
  expect(read(), 'its hour, and no other').toBe(61);

  await ledger.forget(DAY + 30 * MINUTE, 1e9);
  expect(await callsOf(sums, 'model')).toEqual([['alias', 571]]);
  expect(read()).toBe(30);
});

it('counts to the millisecond where a time begins and ends within a part of an hour', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => row(DAY + i * MINUTE));
  const { ledger, read } = await ledgerOf(rows);
  const sums = new UsageSums(ledger);
  const range = { from: DAY + 7 * MINUTE + 1, to: DAY + 333 * MINUTE + 1 };

  expect(await callsOf(sums, 'model', range)).toEqual([['alias', 326]]);
  read();
  expect(await callsOf(sums, 'model', range)).toEqual([['alias', 326]]);
  expect(read(), 'what is in the parts at both ends').toBe(6);
});

it('holds so many sums and no more, and what finds no room counts all the same', async () => {
  const rows = Array.from({ length: 1_440 }, (_, i) => row(DAY + i * MINUTE, { user: `u${i}` }));
  const { ledger, read } = await ledgerOf(rows);
  const sums = new UsageSums(ledger, 1_200);

  for (const expected of [1_440, 240]) {
    const { total } = await usageReport(sums, { ...RANGE, by: ['model'] });
    expect(total.calls).toBe(1_440);
    expect(read()).toBe(expected);
  }
});
