import { expect, it } from 'vitest';
import { pageAfter } from '../../../src/admin/paging.ts';

const all = ['a', 'b', 'c', 'd', 'e'];
const same = (item: string) => item;

it('a list is paged through to its end, each item once', () => {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const { items, next } = pageAfter(all, { limit: 2, ...(after !== undefined && { after }) }, same);
    pages.push(items);
    after = next;
  } while (after !== undefined);
  expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

it('of a list that ends with a page there is no page more', () => {
  expect(pageAfter(all, { limit: 3, after: 'b' }, same)).toEqual({ items: ['c', 'd', 'e'] });
});

it('where the item that a page ended with has gone, it begins anew: nothing is left out', () => {
  expect(pageAfter(all, { limit: 2, after: 'gone' }, same)).toEqual({ items: ['a', 'b'], next: 'b' });
});
