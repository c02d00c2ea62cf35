import { expect, it, onTestFinished } from 'vitest';
import type { CachedAnswer } from '../../../src/contracts/cache.ts';
import { type Documents, StoreUnavailable } from '../../../src/contracts/store.ts';
import { Answers } from '../../../src/stores/answers/index.ts';
import { isPurged, NO_PURGES, withPurge } from '../../../src/stores/answers/purges.ts';
import { openStore } from '../../../src/stores/index.ts';

const answer = (url: string, more: Partial<CachedAnswer> = {}): CachedAnswer => ({
  url,
  tags: [],
  requestedAt: 1,
  receivedAt: 1,
  status: 200,
  headers: {},
  body: Buffer.from(url),
  varies: [],
  ...more,
});

/** Its clock stands, and purges at 1000. */
async function answers(maxBytes = 1_000_000, documents?: Documents) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const count = async (): Promise<number> =>
    (await store.documents.list('answers shop', { limit: 1_000 })).length;
  return Object.assign(new Answers(documents ?? store.documents, maxBytes, () => 1000), { count });
}

it('a route keeps no more in the store than it has places, and never gives one’s answer to another', async () => {
  const all = await answers();
  const shop = all.ofRoute('shop', 'shared', 100);
  const urls = Array.from({ length: 400 }, (_, i) => `shop/${i}`);
  for (const url of urls) await shop.put(url, answer(url), 60_000);
  expect(await all.count()).toBeLessThanOrEqual(100);
  const found = await Promise.all(urls.map(async (url) => [url, await shop.get(url)] as const));
  const kept = found.filter(([, each]) => each);
  expect(kept).toHaveLength(await all.count());
  for (const [url, each] of kept) expect([each?.url, each?.body.toString()]).toEqual([url, url]);

  const [missing] = found.find(([, each]) => !each) as [string, undefined];
  await shop.delete(missing);
  expect(await all.count(), 'whose place another has taken').toBe(kept.length);
  await shop.delete(String(kept[0]?.[0]));
  expect(await all.count()).toBe(kept.length - 1);
});

it.each([
  'memory',
  'shared',
] as const)('%s: a change is known by its key, and is no answer', async (where) => {
  const all = await answers();
  const shop = all.ofRoute('shop', where, 100);
  expect(await shop.mark('a')).toBe('');
  await shop.changed('a', 60_000);
  const first = await shop.mark('a');
  expect([first, await shop.mark('a'), await shop.mark('b')]).toEqual([first, first, '']);
  await shop.changed('a', 60_000);
  expect(new Set(['', first, await shop.mark('a')]).size, 'another each time').toBe(3);
  expect(await shop.get('a')).toBeUndefined();
  await shop.put('a', answer('shop/a'), 60_000);
  expect(await all.purge({}, ['shop'])).toBe(1);
});

it('a change while the store is away is known here once it is back, and soon after to all', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  let isAway = false;
  const documents = new Proxy(store.documents, {
    get: (target, name: keyof Documents) =>
      isAway
        ? () => Promise.reject(new StoreUnavailable('away'))
        : (target[name] as () => unknown).bind(target),
  });
  const shop = (await answers(1_000_000, documents)).ofRoute('shop', 'shared', 100);
  const other = (await answers(1_000_000, store.documents)).ofRoute('shop', 'shared', 100);
  await shop.changed('b', 60_000);
  const before = await other.mark('b');
  isAway = true;
  await expect(shop.changed('a', 60_000)).rejects.toThrow('away');
  await expect(shop.changed('b', 60_000)).rejects.toThrow('away');
  await expect(shop.mark('a')).rejects.toThrow('away');
  isAway = false;
  expect(await other.mark('a')).toBe('');
  expect(await shop.mark('a')).not.toBe('');
  const [a, b] = [await other.mark('a'), await other.mark('b')];
  expect(['', before]).not.toContain(a);
  expect(['', before]).not.toContain(b);
  expect([await shop.mark('a'), await shop.mark('b')], 'once it is told, all have the same').toEqual([a, b]);
});

it.each([
  'memory',
  'shared',
] as const)('%s: an answer that was asked for before its purge is not kept after it', async (where) => {
  const all = await answers();
  const shop = all.ofRoute('shop', where, 100);
  const isKept = async (url: string, more: Partial<CachedAnswer>): Promise<boolean> => {
    await shop.delete(url);
    await shop.put(url, answer(url, more), 60_000);
    return (await shop.get(url)) !== undefined;
  };
  expect(await isKept('shop/a', { requestedAt: 1000 })).toBe(true);
  await all.purge({ url: 'shop/a*' }, ['shop']);
  await all.purge({ tag: 'sale', route: 'shop' }, ['shop']);
  await all.purge({ route: 'other' }, ['shop']);
  expect(await isKept('shop/a?page=2', { requestedAt: 1000 })).toBe(false);
  expect(await isKept('shop/a', { requestedAt: 1001 })).toBe(true);
  expect(await isKept('shop/b', { requestedAt: 999 })).toBe(true);
  expect(await isKept('shop/b', { requestedAt: 999, tags: ['sale'] })).toBe(false);
  expect(await isKept('shop/b', { requestedAt: 1001, tags: ['sale'] })).toBe(true);
  await all.purge({}, ['shop']);
  expect(await isKept('shop/b', { requestedAt: 1000 })).toBe(false);
});

it('shared: nor is one whose purge comes between the look for it and the write', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const { documents } = store;
  let isAsked = false;
  const slow: Documents = {
    get: (...args) => documents.get(...args) as never,
    list: (...args) => documents.list(...args) as never,
    versions: (...args) => documents.versions(...args),
    written: (...args) => documents.written(...args),
    delete: (...args) => documents.delete(...args),
    async put(...args) {
      if (args[0] === 'answers shop' && !isAsked) {
        isAsked = true;
        await elsewhere.purge({}, ['shop']);
      }
      return documents.put(...args);
    },
  };
  const elsewhere = await answers(1000, documents);
  const shop = (await answers(1000, slow)).ofRoute('shop', 'shared', 100);
  await shop.put('shop/a', answer('shop/a'), 60_000);
  expect([isAsked, await shop.get('shop/a')]).toEqual([true, undefined]);
});

it('what is remembered of purges is bounded: of what was asked for longer ago nothing is kept', () => {
  let purges = NO_PURGES;
  for (let at = 1; at <= 5_000; at++) purges = withPurge(purges, { url: `shop/${at}` }, at);
  purges = withPurge(purges, { tag: 'x'.repeat(100_000) }, 5_001);
  expect(JSON.stringify(purges).length).toBeLessThan(50_000);
  expect(isPurged(purges, 'shop', answer('shop/9', { requestedAt: 4_000 }))).toBe(true);
  purges = withPurge(NO_PURGES, { url: 'shop/1' }, 1);
  purges = withPurge(purges, { url: 'shop/2' }, 3_600_000);
  expect([purges.before, purges.latest.length]).toEqual([1, 1]);
  expect(withPurge(purges, { url: 'shop/2' }, 3_600_001).latest).toHaveLength(1);
});

it('memory is counted by all that an answer holds, also what it would hold by a slice', async () => {
  const all = await answers(100_000);
  const shop = all.ofRoute('shop', 'memory', 0);
  const long = 'x'.repeat(10_000);
  const before = all.bytes;
  await shop.put('k'.repeat(64), answer(long, { tags: [long], headers: { [long]: [long, long] } }), 60_000);
  expect(all.bytes - before).toBeGreaterThan(50_000);
  for (let i = 0; i < 200; i++) await shop.changed(`${i}`, 60_000);
  expect(all.bytes).toBeLessThanOrEqual(100_000);

  const piece = Buffer.alloc(50_000);
  await shop.put('slice', answer('shop/s', { body: piece.subarray(0, 5) }), 60_000);
  expect((await shop.get('slice'))?.body.buffer.byteLength).toBe(5);
});
