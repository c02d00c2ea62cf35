import { expect, it } from 'vitest';
import { isRequestId, newRequestId, randomHex } from '../../../src/lib/request-id.ts';

it.each([
  ['abcdefgh', true],
  ['A-1._z09', true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  ['short', false],
  ['with space', false],
  ['line\nbreak', false],
  ['ümlaut-id', false],
  ['a"bcdefgh', false],
  [undefined, false],
  [['abcdefgh'], false],
])('%j is one: %s', (value, is) => {
  expect(isRequestId(value)).toBe(is);
});

it('a new one is one', () => {
  expect(isRequestId(newRequestId())).toBe(true);
});

it('random hex is as long as asked for and does not repeat', () => {
  const many = Array.from({ length: 2000 }, () => randomHex(8));
  expect(new Set(many).size).toBe(2000);
  expect(many.every((hex) => /^[0-9a-f]{16}$/.test(hex))).toBe(true);
  expect(randomHex(16)).toHaveLength(32);
});
