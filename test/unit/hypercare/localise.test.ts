import { describe, expect, test } from 'vitest';
import type { Leaf } from '../../../src/hypercare/localisation/cube.ts';
import { localise } from '../../../src/hypercare/localisation/localise.ts';

const TARGET = 0;
const METHOD = 1;
const REGION = 2;

/** A gateway's traffic over 4 targets, 3 methods and 3 regions: 1 % is bad, but where `rate` says otherwise. */
function traffic(
  rate: (values: readonly number[]) => number | undefined,
  total = (_values: readonly number[]): number => 1000,
): Leaf[] {
  const leaves: Leaf[] = [];
  for (let target = 0; target < 4; target++) {
    for (let method = 0; method < 3; method++) {
      for (let region = 0; region < 3; region++) {
        const values = [target, method, region];
        const requests = total(values);
        leaves.push({
          values,
          total: requests,
          bad: Math.round(requests * (rate(values) ?? 0.01)),
          baseTotal: requests * 10,
          baseBad: Math.round(requests * 0.1),
        });
      }
    }
  }
  return leaves;
}

const placesIn = (leaves: readonly Leaf[]): Record<number, number>[] =>
  localise(leaves).map(({ conditions }) =>
    Object.fromEntries(conditions.map(({ dimension, value }) => [dimension, value])),
  );

describe('where an excess sits', () => {
  test('nothing is named where nothing changed', () => {
    expect(placesIn(traffic(() => undefined))).toEqual([]);
  });

  test('a bad target is named as a whole, not by one of its methods', () => {
    expect(placesIn(traffic(([target]) => (target === 1 ? 0.3 : undefined)))).toEqual([{ [TARGET]: 1 }]);
  });

  test('a fault of one method on one target is named by both', () => {
    const leaves = traffic(([target, method]) => (target === 1 && method === 2 ? 0.3 : undefined));
    expect(placesIn(leaves)).toEqual([{ [TARGET]: 1, [METHOD]: 2 }]);
  });

  test('a place of three dimensions is found', () => {
    const leaves = traffic(([target, method, region]) =>
      target === 1 && method === 2 && region === 0 ? 0.4 : undefined,
    );
    expect(placesIn(leaves)).toEqual([{ [TARGET]: 1, [METHOD]: 2, [REGION]: 0 }]);
  });

  test('two bad targets are two places', () => {
    const places = placesIn(traffic(([target]) => (target === 1 || target === 3 ? 0.3 : undefined)));
    expect(places.map((place) => place[TARGET]).sort()).toEqual([1, 3]);
    expect(places.every((place) => Object.keys(place).length === 1)).toBe(true);
  });

  test('two faults that have nothing to do with one another are told apart', () => {
    const leaves = traffic(([target, method, region]) => {
      if (target === 1) return 0.3;
      return method === 2 && region === 0 ? 0.3 : undefined;
    });
    expect(placesIn(leaves)).toEqual(expect.arrayContaining([{ [TARGET]: 1 }, { [METHOD]: 2, [REGION]: 0 }]));
  });

  test('a target that takes all the traffic of the fault is not hidden by a value that all traffic shares', () => {
    const leaves = traffic(
      ([target]) => (target === 1 ? 0.3 : undefined),
      ([, , region]) => (region === 0 ? 3000 : 10),
    );
    expect(placesIn(leaves)).toEqual([{ [TARGET]: 1 }]);
  });

  test('a handful of bad ones is chance', () => {
    const leaves = traffic(
      ([target]) => (target === 1 ? 0.05 : undefined),
      () => 20,
    );
    expect(placesIn(leaves)).toEqual([]);
  });

  test('the figures of a place are told', () => {
    const [place] = localise(traffic(([target]) => (target === 1 ? 0.3 : undefined)));
    expect(place).toMatchObject({ bad: 2700, total: 9000 });
    expect(place?.expected).toBeCloseTo(90, 0);
    expect(place?.evidence).toBeGreaterThan(1000);
  });

  test('dimensions with too many values are refused instead of being confused', () => {
    const leaf = { bad: 10, total: 10, baseBad: 0, baseTotal: 100 };
    expect(() => localise([{ ...leaf, values: [1e6, 1e6, 1e6] }])).toThrow(/too many values/);
  });
});
