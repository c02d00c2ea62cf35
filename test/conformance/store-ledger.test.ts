import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LedgerRow } from '../../src/contracts/ledger.ts';
import type { Store } from '../../src/contracts/store.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const row = (at: number, id: string, usd = 0.25): LedgerRow => ({
  id,
  at,
  requestId: 'the same for all',
  consumer: 'app',
  groups: ['web'],
  user: '🙂',
  model: 'smart',
  provider: 'p0',
  upstreamModel: 'gpt-4o-mini',
  prompt: '',
  tags: [`it's`, '"'],
  tokens: { input: 1, output: 2, cached: 0, cacheWrite: 0, reasoning: 0, audio: 0, image: 0 },
  usd,
  usageSource: 'reported',
  outcome: 'complete',
  stream: false,
  revision: 1,
});

describe.each(places)('the ledger on $name', ({ make }) => {
  let place: Place;
  let store: Store;
  /** Each test has a time of its own. */
  let base = 1_000_000;

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const read = async (from: number, to: number) =>
    (await store.ledger.read({ from, to, limit: 1000 })).map(({ id }) => id);

  it('has rows in the order of time, from inclusive to exclusive, as they were written', async () => {
    base += 10_000;
    await store.ledger.append([row(base + 2, 'c'), row(base, 'b'), row(base, 'a'), row(base + 5, 'd')]);
    expect(await store.ledger.read({ from: base, to: base + 5 })).toEqual([
      row(base, 'a'),
      row(base, 'b'),
      row(base + 2, 'c'),
    ]);
    expect(await read(base + 1, base + 6)).toEqual(['c', 'd']);
    await store.ledger.append([]);
  });

  it('takes many rows at once, and of those that it has already none again', async () => {
    base += 10_000;
    const rows = Array.from({ length: 40 }, (_, at) => row(base + at, `r${String(at).padStart(2, '0')}`));
    await store.ledger.append(rows.slice(10, 20));
    await store.ledger.append(rows);
    expect(await store.ledger.read({ from: base, to: base + 100, limit: 1000 })).toEqual(rows);
  });

  it('takes a row once, however often it is sent', async () => {
    base += 10_000;
    const rows = [row(base, 'a'), row(base, 'b')];
    await store.ledger.append(rows);
    await store.ledger.append([...rows, row(base, 'c')]);
    expect(await read(base, base + 1)).toEqual(['a', 'b', 'c']);
  });

  it('is read page by page, also where more rows than a page have the same time', async () => {
    base += 10_000;
    const ids = Array.from({ length: 57 }, (_, i) => String(i).padStart(3, '0'));
    await store.ledger.append(ids.map((id, i) => row(i < 40 ? base : base + i, id)));
    const paged: LedgerRow[] = [];
    for (;;) {
      const page = await store.ledger.read({ from: base, to: base + 100, after: paged.at(-1), limit: 7 });
      paged.push(...page);
      if (page.length < 7) break;
    }
    expect(paged.map(({ id }) => id)).toEqual(ids);
  });

  it('forgets what is old, and the oldest of what is too much', async () => {
    const old = 100;
    await store.ledger.append(Array.from({ length: 1500 }, (_, i) => row(old + i, `old ${i}`)));
    const kept = await read(5000, 10 ** 12);
    expect(await store.ledger.forget(old + 1400, 10 ** 9)).toBe(true);
    expect(await store.ledger.forget(old + 1400, 10 ** 9)).toBe(false);
    expect(await read(0, 5000)).toHaveLength(100);
    expect(await store.ledger.forget(0, kept.length)).toBe(false);
    expect(await read(0, 10 ** 12)).toEqual(kept);
    await store.ledger.forget(0, 2);
    expect(await read(0, 10 ** 12)).toEqual(kept.slice(-2));
  });

  it('has a stamp that tells whether the rows of a time are others', async () => {
    base = 10 ** 13;
    const span = { from: base, to: base + 10 };
    expect(await store.ledger.stamp(span)).toBe('');
    await store.ledger.append([row(base + 1, 'a'), row(base + 10, 'after it')]);
    const first = await store.ledger.stamp(span);
    await store.ledger.append([row(base + 1, 'a'), row(base + 11, 'also after it')]);
    expect(await store.ledger.stamp(span)).toBe(first);
    await store.ledger.append([row(base + 9, 'b')]);
    const second = await store.ledger.stamp(span);
    expect(second).not.toBe(first);
    // As many as before, and not the same.
    while (await store.ledger.forget(base + 9, 10 ** 9));
    expect(await store.ledger.stamp(span)).not.toBe(first);
    await store.ledger.forget(base + 100, 10 ** 9);
  });
});
