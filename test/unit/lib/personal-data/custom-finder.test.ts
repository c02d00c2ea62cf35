import fc from 'fast-check';
import { RE2JS } from 're2js';
import { afterEach, expect, it, vi } from 'vitest';
import { type Found, LONGEST_FIND } from '../../../../src/contracts/personal-data.ts';
import { customFinder } from '../../../../src/lib/personal-data/custom-finder.ts';

afterEach(() => void vi.restoreAllMocks());

/** All that a pattern finds, and how many characters RE2 was given for it. */
function found(source: string, text: string): { values: string[]; read: number } {
  const finder = customFinder('x', source);
  const matcher = vi.spyOn(RE2JS.prototype, 'matcher');
  const values: string[] = [];
  for (let each = finder.find(text, 0); each; each = finder.find(text, each.end))
    values.push(text.slice(each.start, each.end));
  const read = matcher.mock.calls.reduce((sum, [given]) => sum + String(given).length, 0);
  matcher.mockRestore();
  return { values, read };
}

const FAR = ' '.repeat(LONGEST_FIND);

it.each([
  ['an end behind the last of many beginnings', `${'secret'.repeat(5000)}end`, `${'secret'.repeat(49)}end`],
  ['an end behind beginnings, and too far away', `${'secret'.repeat(5000)}${FAR}end`, undefined],
  ['no end', 'secret'.repeat(5000), undefined],
  ['ends that are all too far away', `secret${FAR}end`.repeat(100), undefined],
  ['lone beginnings between ends', `end ${FAR}secret${FAR}`.repeat(100), undefined],
])('a hostile text is read a few times and not once for each of its letters: %s', (_, text, last) => {
  const { values, read } = found('secret.*end', text);
  expect(values.at(-1)).toBe(last);
  expect(read / text.length).toBeLessThan(20);
});

it('beginnings at every letter, and ends where most of them are too far away', () => {
  const text = `${'s'.repeat(580)}e${FAR}`.repeat(20);
  const { values, read } = found('s.*e', text);
  expect(values).toEqual(Array.from({ length: 20 }, () => `${'s'.repeat(LONGEST_FIND - 1)}e`));
  expect(read / text.length).toBeLessThan(30);
});

/** The first place at which there is a match in what a find may see, tried at each. */
function tried(source: string, text: string, from: number): Found | undefined {
  const pattern = RE2JS.compile(source);
  for (let start = from; start < text.length; start++) {
    const matcher = pattern.matcher(text.slice(0, start + LONGEST_FIND));
    if (matcher.find(start) && matcher.start() === start && matcher.end() > start)
      return { start, end: matcher.end() };
  }
  return undefined;
}

it('finds what there is at each place, wherever it stands', () => {
  const run = fc
    .tuple(fc.constantFrom('s', ' ', 'e', 'word', '\n', 's e', '😀', '12'), fc.integer({ min: 1, max: 320 }))
    .map(([piece, times]) => piece.repeat(times));
  const text = fc.array(run, { maxLength: 6 }).map((runs) => runs.join('').slice(0, 1500));
  const source = fc.constantFrom(
    's.*e',
    's[^e]*e',
    '\\bword\\b',
    '(?m)^s+',
    '\\d{250}',
    's.{280,330}e',
    'e*',
    '😀 ?',
  );
  fc.assert(
    fc.property(source, text, fc.nat({ max: 400 }), (pattern, given, from) => {
      expect(customFinder('x', pattern).find(given, from)).toEqual(tried(pattern, given, from));
    }),
    { numRuns: 300 },
  );
});
