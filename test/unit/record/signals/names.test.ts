import { expect, it } from 'vitest';
import { DIMENSIONS } from '../../../../src/record/signals/layout.ts';
import { Names, OTHERS } from '../../../../src/record/signals/names.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');

it('what the config names has its number, however many names clients have sent before', () => {
  const names = new Names();
  for (let i = 0; i < 5_000; i++) names.of(CONSUMER, `jwt:${i}`);
  expect(names.of(CONSUMER, 'jwt:one more')).toBe(OTHERS);
  expect(names.of(CONSUMER, 'shop')).toBe(OTHERS);

  names.use(new Set(['shop']));

  const number = names.of(CONSUMER, 'shop');
  expect(number).not.toBe(OTHERS);
  expect(names.takeFresh()).toContainEqual([CONSUMER, number, 'shop']);
  expect(names.of(CONSUMER, 'jwt:one more')).toBe(OTHERS);
});
