import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../src/contracts/store.ts';
import { until } from '../helpers/redis-server.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const KEEP = { ttlMs: 60_000, most: 1000 };

describe.each(places)('logs on $name', ({ make }) => {
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
    mine = `log ${fresh++}`;
  });
  const texts = async (after = '', limit?: number) =>
    (await store.logs.read(mine, after, limit)).map(({ text }) => text);

  it('are read on from a place, in the order in which they were written', async () => {
    const written: string[] = [];
    for (const text of ['one', 'two {"x":"\u00e9\\n"}', 'three'])
      written.push(await store.logs.append(mine, text, KEEP));
    expect(await texts()).toEqual(['one', 'two {"x":"\u00e9\\n"}', 'three']);
    expect(await texts(written[0])).toEqual(['two {"x":"\u00e9\\n"}', 'three']);
    expect(await texts(written[2])).toEqual([]);
    expect((await store.logs.read(mine, '')).map((each) => each.place)).toEqual(written);
  });

  it('are read a page at a time', async () => {
    for (let at = 0; at < 7; at++) await store.logs.append(mine, String(at), KEEP);
    const first = await store.logs.read(mine, '', 4);
    expect(first.map(({ text }) => text)).toEqual(['0', '1', '2', '3']);
    expect(await texts(first.at(-1)?.place, 4)).toEqual(['4', '5', '6']);
  });

  it('know nothing of one another', async () => {
    await store.logs.append(`${mine} a`, 'a', KEEP);
    await store.logs.append(`${mine} b`, 'b', KEEP);
    expect((await store.logs.read(`${mine} a`, '')).map(({ text }) => text)).toEqual(['a']);
    await store.logs.drop(`${mine} a`);
    expect(await store.logs.read(`${mine} a`, '')).toEqual([]);
    expect((await store.logs.read(`${mine} b`, '')).map(({ text }) => text)).toEqual(['b']);
  });

  it('keep the newest of too many', async () => {
    for (let at = 0; at < 600; at++) await store.logs.append(mine, String(at), { ttlMs: 60_000, most: 100 });
    const kept = await texts('', 1000);
    expect(kept.at(-1)).toBe('599');
    expect(kept.length).toBeGreaterThanOrEqual(100);
    expect(kept.length).toBeLessThan(400);
  });

  it('are gone when nothing was written for as long as they live, which each text puts off', async () => {
    // The second right behind the first, before which that must not have ended.
    await Promise.all([
      store.logs.append(mine, 'first', { ttlMs: 250, most: 100 }),
      store.logs.append(mine, 'second', { ttlMs: 60_000, most: 100 }),
    ]);
    await place.pass(300);
    expect(await texts()).toEqual(['first', 'second']);
    await store.logs.append(`${mine} short`, 'gone', { ttlMs: 100, most: 100 });
    await until(async () => {
      await place.pass(60);
      return (await store.logs.read(`${mine} short`, '')).length === 0;
    }, 'its end');
  });

  it('give each of many writers a place of its own', async () => {
    const given = await Promise.all(
      Array.from({ length: 200 }, (_, at) => store.logs.append(mine, String(at), KEEP)),
    );
    expect(new Set(given).size).toBe(200);
    expect((await texts('', 1000)).map(Number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, at) => at),
    );
  });

  it.each(['x', '-1', '1-', '0; DROP', '9'.repeat(40)])('refuse the place %j', async (after) => {
    await expect(store.logs.read(mine, after)).rejects.toThrow(RangeError);
  });

  it.each(['', 'l'.repeat(513), '\ud800'])('refuse a log of the name %j', async (name) => {
    await expect(store.logs.append(name, 'x', KEEP)).rejects.toThrow(RangeError);
  });
});
