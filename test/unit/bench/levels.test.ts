import { expect, test } from 'vitest';
import { ALONE, starvedOf } from '../../../bench/harness/levels.ts';

/** Rounds of one subject: the shares of their cores that it and its load had. */
const rounds = (...shares: readonly (readonly [subjectBusy: number, loadBusy: number])[]) =>
  shares.map(([subjectBusy, loadBusy]) => ({
    figures: {},
    seconds: 3,
    cpu: 0,
    subjectBusy,
    loadBusy,
    residentMegabytes: 100,
  }));

test('at a level the starved are those whose load had its core full at the median, and they theirs not', () => {
  const found = {
    [ALONE]: rounds([0, 0.5], [0, 0.6], [0, 0.5]),
    'load is full': rounds([0.5, 0.95], [0.5, 0.91], [0.5, 0.3]),
    'both are full': rounds([0.95, 0.95], [0.95, 0.95], [0.95, 0.95]),
    'load was full once': rounds([0.5, 0.95], [0.5, 0.6], [0.5, 0.6]),
    'neither is full': rounds([0.4, 0.5], [0.4, 0.5], [0.4, 0.5]),
  };
  expect(starvedOf(found)).toEqual(['load is full']);
});
