import { expect, it } from 'vitest';
import { momentIn } from '../../../src/hypercare/feedback/ask.ts';

const ASKED = Date.UTC(2026, 10, 30, 15, 0);
const at = (hour: number, minute: number): number => Date.UTC(2026, 10, 30, hour, minute);

it.each([
  ['It was at 14:32', at(14, 32)],
  ['/cart, 9:05 UTC', at(9, 5)],
  ['at 14.32.', at(14, 32)],
  ['gegen 9.05 Uhr', at(9, 5)],
  ['14.32 Uhr', at(14, 32)],
  ['about 12.50, on /cart', at(12, 50)],
])('%s: a moment', (text, moment) => {
  expect(momentIn(text, ASKED)).toBe(moment);
});

it.each([
  ['I was charged 12.50 for it'],
  ['at 12.50 € it is too dear'],
  ['about 12.50 EUR too much'],
  ['since version 1.20'],
  ['since 1.20.3 it hangs'],
  ['12.50 instead of 10.00'],
])('%s: a price or a version, no moment', (text) => {
  expect(momentIn(text, ASKED)).toBeUndefined();
});

it('what is still to come was the day before', () => {
  expect(momentIn('at 23:10', ASKED)).toBe(at(23, 10) - 86_400_000);
});
