import { expect, it } from 'vitest';
import { parsePercent } from '../../../src/lib/percent.ts';

it('becomes a fraction of 1, exactly', () => {
  expect(['0%', '50%', '99.9%', '99.95%', '100%'].map(parsePercent)).toEqual([0, 0.5, 0.999, 0.9995, 1]);
});

it.each(['', '50', '%', '101%', '-1%', '5 %'])('%j is none', (text) => {
  expect(parsePercent(text)).toBeUndefined();
});
