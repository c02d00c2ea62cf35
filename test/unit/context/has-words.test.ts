import { expect, test } from 'vitest';
import { hasWords } from '../../../src/context/facts/has-words.ts';

test.each([
  ['The floor is 3.', '3'],
  ['3', '3'],
  ['On 13 May, at 3, they met.', '3'],
  ['(ada@example.com)', 'ada@example.com'],
  ['the *Grace Hopper* lamp', 'Grace Hopper'],
  ['_4711_', '4711'],
  ['it costs $5, as 15 do', '$5'],
  ['口座番号は4711です', '4711'],
  ['私は東京に住んでいます', '東京'],
])('%s has %s', (text, words) => {
  expect(hasWords(text, words)).toBe(true);
});

test.each([
  ['On 13 May 2031.', '3'],
  ['It costs 3.50, or 4,3, at 13:30.', '3'],
  ['XK-14711', '4711'],
  ['4711-0815', '4711'],
  ['Anna', 'Ann'],
  ['Joann and Ann\u0301e', 'Ann'],
  ['', '3'],
])('%s has no %s', (text, words) => {
  expect(hasWords(text, words)).toBe(false);
});

test('a text that has them everywhere as a part of others takes no time to speak of', () => {
  expect(hasWords('1'.repeat(200_000), '1'.repeat(20))).toBe(false);
});
