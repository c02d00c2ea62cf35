import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rotation } from '../../../src/upstream/rotation.ts';

it.each([
  [[1], '0'],
  [[1, 1], '01'],
  [[5, 1, 1], '0010200'],
  [[2, 4], '101'],
  [[0, 3], '1'],
  [[0, 0], ''],
  [[], ''],
])('%j goes %s', (weights, order) => {
  expect(rotation(weights).join('')).toBe(order);
});

it('gives every member its share, none to weight 0, and never more than 1,000 turns and one each', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(weights, (given) => {
      const order = rotation(given);
      const sum = given.reduce((a, b) => a + b, 0);
      expect(order.length).toBeLessThanOrEqual(1000 + given.length);
      for (const [i, weight] of given.entries()) {
        const turns = order.filter((member) => member === i).length;
        if (weight === 0) expect(turns).toBe(0);
        else {
          expect(turns).toBeGreaterThan(0);
          expect(Math.abs(turns / order.length - weight / sum)).toBeLessThan(0.02);
        }
      }
    }),
    { numRuns: 100 },
  );
});
