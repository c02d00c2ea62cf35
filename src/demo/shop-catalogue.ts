/** What the shop sells: every id is a product, and its data comes out of the id alone. */
import { fnv1a } from '../lib/hash-text.ts';

const MATERIALS = ['Oak', 'Linen', 'Copper', 'Wool', 'Glass', 'Clay', 'Cork', 'Leather'];
const THINGS = ['lamp', 'chair', 'blanket', 'kettle', 'vase', 'notebook', 'rucksack', 'mirror'];
const CATEGORIES = ['home', 'kitchen', 'travel', 'office'];

/** A product as the catalogue API shows it. `price.amount` in cents. */
export interface Product {
  id: string;
  title: string;
  category: string;
  price: { amount: number; currency: 'EUR' };
}

/** The product of this id. @param list the price list: each has its own prices, 1 is the first */
export function productOf(id: string, list = 1): Product {
  const hash = fnv1a(`product:${id}`);
  return {
    id,
    title: `${pick(MATERIALS, hash)} ${pick(THINGS, hash >>> 3)}`,
    category: pick(CATEGORIES, hash >>> 6),
    price: { amount: 499 + (hash % 29_500) + 100 * (list - 1), currency: 'EUR' },
  };
}

/** Pieces in stock, 0 to 99. */
export function stockOf(id: string): { id: string; available: number; warehouse: string } {
  const hash = fnv1a(`stock:${id}`);
  return { id, available: hash % 100, warehouse: `w${1 + ((hash >>> 8) % 4)}` };
}

/** `count` products from the `offset`-th on; the ids count up from `p-1`. */
export function listProducts(offset: number, count: number): Product[] {
  return Array.from({ length: count }, (_, at) => productOf(`p-${offset + at + 1}`));
}

function pick(words: readonly string[], hash: number): string {
  return words[hash % words.length] ?? '';
}
