import { expect, it, onTestFinished } from 'vitest';
import type { CachedAnswer } from '../../../src/contracts/cache.ts';
import { Answers } from '../../../src/stores/answers/index.ts';
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

async function answers(maxBytes = 1_000_000): Promise<Answers & { count(): Promise<number> }> {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const count = async (): Promise<number> =>
    (await store.documents.list('answers shop', { limit: 1_000 })).length;
  return Object.assign(new Answers(store.documents, maxBytes), { count });
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
  expect(await shop.changedAt('a')).toBeUndefined();
  await shop.changed('a', 5, 60_000);
  expect(await shop.changedAt('a')).toBe(5);
  expect(await shop.get('a')).toBeUndefined();
  await shop.put('a', answer('shop/a'), 60_000);
  expect(await all.purge({}, ['shop'])).toBe(1);
});

it('memory is counted by all that an answer holds, also what it would hold by a slice', async () => {
  const all = await answers(100_000);
  const shop = all.ofRoute('shop', 'memory', 0);
  const long = 'x'.repeat(10_000);
  const before = all.bytes;
  await shop.put('k'.repeat(64), answer(long, { tags: [long], headers: { [long]: [long, long] } }), 60_000);
  expect(all.bytes - before).toBeGreaterThan(50_000);
  for (let i = 0; i < 200; i++) await shop.changed(`${i}`, i, 60_000);
  expect(all.bytes).toBeLessThanOrEqual(100_000);

  const piece = Buffer.alloc(50_000);
  await shop.put('slice', answer('shop/s', { body: piece.subarray(0, 5) }), 60_000);
  expect((await shop.get('slice'))?.body.buffer.byteLength).toBe(5);
});
