// Conversations of all consumers are found page by page, and no page costs more than so much.
import { describe, expect, it } from 'vitest';
import type { ContextPrivacy } from '../../../src/context/ports.ts';
import { searchSessions } from '../../../src/context/search-sessions.ts';
import type { SessionHead, Sessions } from '../../../src/contracts/session.ts';

type State = SessionHead['state'];

/** Consumers, each with sessions `s1`, `s2`, … in these states; and what the store was asked for. */
function storeOf(consumers: Readonly<Record<string, readonly State[]>>) {
  const asked: string[] = [];
  const opened: string[] = [];
  const list: Sessions['list'] = async (tenant, { after, limit }) => {
    asked.push(tenant);
    const all = (consumers[tenant] ?? []).map((state, at) => ({
      ...{ session: `s${at + 1}`, listedAt: at },
      head: { state },
    }));
    const from = all.findIndex(({ session }) => session === after?.session) + 1;
    const sessions = all.slice(from, from + limit);
    const next = from + limit < all.length ? sessions.at(-1) : undefined;
    return { sessions: sessions as never, next };
  };
  const of = (tenant: string) => {
    opened.push(tenant);
    return { secret: tenant, formerSecrets: [] };
  };
  const ports = { sessions: { list } as Sessions, privacy: { of } as unknown as ContextPrivacy };
  type Asked = Parameters<typeof searchSessions>[2];
  const page = async (limit: number, after?: string, which: Asked = {}, names = Object.keys(consumers)) => {
    const { sessions, next } = await searchSessions(ports, names, which, { after, limit });
    return { ids: sessions.map(({ tenant, session }) => `${tenant} ${session}`), next };
  };
  const pages = async (limit: number, which: Asked = {}) => {
    const all: string[][] = [];
    let after: string | undefined;
    do {
      const { ids, next } = await page(limit, after, which);
      all.push(ids);
      after = next;
    } while (after !== undefined);
    return all;
  };
  return { asked, opened, page, pages };
}

const ACTIVE: readonly State[] = ['active', 'active', 'active'];

describe('one consumer comes after the other, by their names', () => {
  const consumers = {
    shop: ['active', 'erased', 'active'] as const,
    app: ACTIVE,
    bank: [],
    '': ['active'] as const,
  };

  it('each conversation once, however long the pages are', async () => {
    const ids = [' s1', 'app s1', 'app s2', 'app s3', 'shop s1', 'shop s2', 'shop s3'];
    const { pages } = storeOf(consumers);
    for (const limit of [1, 2, 3, 4, 7, 50]) {
      const all = await pages(limit);
      expect(all.flat()).toEqual(ids);
      expect(Math.max(...all.map(({ length }) => length))).toBe(Math.min(limit, 7));
    }
    const live = [' s1', 'app s1', 'app s2', 'app s3', 'shop s1', 'shop s3'];
    expect((await pages(2, { state: 'active' })).flat()).toEqual(live);
  });

  it('who asks for a person asks nobody for keys where nothing was ever said', async () => {
    const { pages, opened } = storeOf(consumers);
    expect((await pages(2, { user: 'ann' })).flat()).toHaveLength(7);
    expect(new Set(opened)).toEqual(new Set(['', 'app', 'shop']));
  });
});

it('a page goes on where the one before ended, though consumers have come and gone between', async () => {
  const { page } = storeOf({ app: ACTIVE, bank: ACTIVE, shop: ACTIVE, zoo: ACTIVE });
  const first = await page(2, undefined, {}, ['bank', 'shop']);
  expect(first.ids).toEqual(['bank s1', 'bank s2']);
  expect((await page(2, first.next, {}, ['app', 'bank', 'zoo'])).ids).toEqual(['bank s3', 'zoo s1']);
  // Its place is that of who comes after it.
  expect((await page(2, first.next, {}, ['app', 'shop', 'zoo'])).ids).toEqual(['shop s1', 'shop s2']);
  expect((await page(2, first.next, {}, ['app'])).next).toBeUndefined();
});

it('of many consumers, and many conversations in another state, a page looks at so many', async () => {
  const names = Array.from({ length: 250 }, (_, at) => `c${1000 + at}`);
  const nobody = storeOf(Object.fromEntries(names.map((name) => [name, []])));
  expect(await nobody.pages(5)).toEqual([[], [], []]);
  expect(nobody.asked).toEqual(names);
  const erased = Array.from({ length: 400 }, (): State => 'erased');
  const many = storeOf(Object.fromEntries(names.map((name) => [name, erased])));
  const { ids, next } = await many.page(5, undefined, { state: 'active' });
  expect(ids).toEqual([]);
  // Of the third one some are left.
  expect(new Set(many.asked)).toEqual(new Set(names.slice(0, 3)));
  many.asked.length = 0;
  await many.page(5, next, { state: 'active' });
  expect(many.asked[0]).toBe(names[2]);
});

it('what is no place of a page is refused', async () => {
  const { page } = storeOf({ app: ACTIVE });
  for (const after of ['s1', 'app', '9:app', ':app'])
    await expect(page(5, after)).rejects.toMatchObject({ code: 'request_invalid' });
});
