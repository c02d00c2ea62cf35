import { expect, it } from 'vitest';
import { CappedLabels, OTHER } from '../../../src/lib/capped-labels.ts';

it('lets in the first values, and those again; every later one is the other', () => {
  const labels = new CappedLabels(2);
  expect(['a', 'b', 'c', 'a', 'd', 'b'].map((label) => labels.value(label))).toEqual([
    'a',
    'b',
    OTHER,
    'a',
    OTHER,
    'b',
  ]);
});

it('no value is longer than 256 characters: what is like another for so long is that one', () => {
  const labels = new CappedLabels(2);
  const long = 'x'.repeat(256);
  expect(labels.value(`${long}a`)).toBe(long);
  expect(labels.value(`${long}b`)).toBe(long);
  expect([labels.value('y'), labels.value('z')]).toEqual(['y', OTHER]);
});

it('what the config names passes, whoever came first, and takes nobody’s place', () => {
  const named = new Set(['shop']);
  const labels = new CappedLabels(2, (label) => named.has(label));
  expect(['a', 'shop', 'b', 'c', 'new'].map((label) => labels.value(label))).toEqual([
    'a',
    'shop',
    'b',
    OTHER,
    OTHER,
  ]);
  named.add('new');
  expect(labels.value('new')).toBe('new');
});
