import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/lib/nearest.ts';

it.each([
  ['kitten', 'sitting', 3],
  ['upstrem', 'upstream', 1],
  ['rotue', 'route', 1],
  ['', 'abc', 3],
  ['same', 'same', 0],
])('%s and %s differ by %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

it('the distance is the same both ways and never more than the longer word', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 12, size: 'max' }),
      fc.string({ maxLength: 12, size: 'max' }),
      (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      },
    ),
  );
});

it.each([
  ['catalgo', 'catalog'],
  ['Rate-Limit', 'rate-limit'],
  ['rate_limit', 'rate-limit'],
  ['xy', undefined],
  ['something-else', undefined],
  ['', undefined],
  ['c'.repeat(1000), undefined],
])('who writes %s means %s', (word, meant) => {
  expect(nearest(word, ['catalog', 'rate-limit', 'cors', 'payment'])).toBe(meant);
});
