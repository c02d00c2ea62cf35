import { expect, it } from 'vitest';
import { cutText } from '../../../src/lib/cut-text.ts';

it('a text is cut to so many characters, and half of one is none', () => {
  expect(cutText('abc', 3)).toBe('abc');
  expect(cutText('abcd', 3)).toBe('abc');
  expect(cutText('ab😀', 3)).toBe('ab\uFFFD');
});
