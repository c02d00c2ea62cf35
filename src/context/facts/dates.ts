import type { Token } from './clause.ts';

const MONTHS: ReadonlySet<string> = new Set(
  (
    'january february march april may june july august september october november december ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec januar februar märz mai juni juli oktober dezember'
  ).split(' '),
);
const DAY = /^(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?$/;
const YEAR = /^(?:1[89]|20)\d{2}$/;

export const isMonth = (word: string): boolean => MONTHS.has(word);

/** A date in words whose first is at `at` ("3 May 2026", "May 3rd, 2026", "May 2026"). @returns the place behind it; 0: none */
export function dateAt(tokens: readonly Token[], at: number): number {
  const [first, second, third] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (first && second && DAY.test(first.lower) && MONTHS.has(second.lower))
    return third && YEAR.test(third.lower) ? at + 3 : at + 2;
  if (!first || !MONTHS.has(first.lower) || !/^\p{Lu}/u.test(first.text) || !second) return 0;
  if (DAY.test(second.lower)) return third && YEAR.test(third.lower) ? at + 3 : at + 2;
  return YEAR.test(second.lower) ? at + 2 : 0;
}
