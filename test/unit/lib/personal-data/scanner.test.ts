import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Finder } from '../../../../src/contracts/personal-data.ts';
import { customFinder } from '../../../../src/lib/personal-data/custom-finder.ts';
import { isCard, isIban, KINDS } from '../../../../src/lib/personal-data/kinds.ts';
import { Scanner } from '../../../../src/lib/personal-data/scanner.ts';

const ALL = Object.values(KINDS);

function redact(text: string, finders: readonly Finder[] = ALL, cuts: readonly number[] = []): string {
  const scanner = new Scanner(finders, finders === ALL, (name) => `<${name}>`);
  let at = 0;
  let said = '';
  for (const cut of [...cuts, text.length]) {
    said += scanner.take(text.slice(at, cut));
    at = Math.max(at, cut);
  }
  return said + scanner.end();
}

it.each([
  ['Write to ada@example.com.', 'Write to <email>.'],
  ['a.b+c@mail.example.co.uk, x', '<email>, x'],
  ['Card 4111 1111 1111 1111 ok', 'Card <card> ok'],
  ['4111-1111-1111-1111', '<card>'],
  ['4111111111111112 is no card', '4111111111111112 is no card'],
  ['DE89 3704 0044 0532 0130 00 AND more', '<iban> AND more'],
  ['GB82WEST12345698765432', '<iban>'],
  ['DE89370400440532013001', 'DE89370400440532013001'],
  ['Call +49 (30) 901820 now', 'Call <phone> now'],
  ['or 415-555-2671.', 'or <phone>.'],
  ['from 192.168.1.254, not 1.2.3.4.5 nor 999.1.1.1', 'from <ip>, not 1.2.3.4.5 nor 999.1.1.1'],
  ['2001:db8::1 and 12:30', '<ip> and 12:30'],
  ['In 2024 we sold 1,234,567 units for $12.50', 'In 2024 we sold 1,234,567 units for $12.50'],
])('%s', (text, redacted) => {
  expect(redact(text)).toBe(redacted);
});

it('knows checksums', () => {
  expect([isCard('4111111111111111'), isCard('4111111111111112'), isCard('41')]).toEqual([
    true,
    false,
    false,
  ]);
  expect([isIban('DE89370400440532013000'), isIban('DE89370400440532013009')]).toEqual([true, false]);
});

const piece = fc.oneof(
  fc.constantFrom(
    'ada@example.com',
    '4111 1111 1111 1111',
    'DE89 3704 0044 0532 0130 00',
    '+49 30 901820',
    '10.0.0.1',
  ),
  fc.constantFrom(
    ' ',
    '\n',
    ', ',
    'AND ',
    'word ',
    '1',
    '-',
    '@',
    '.',
    '+',
    '(',
    ')',
    '😀',
    'a1b2c3',
    'secret-xx-end',
  ),
  fc.string({ maxLength: 8 }),
  fc.constantFrom('x'.repeat(310), '4'.repeat(40), 'a@'.repeat(40)),
);
const text = fc.array(piece, { maxLength: 30, size: 'max' }).map((pieces) => pieces.join(''));
const cutsOf = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: length }), { maxLength: 30, size: 'max' })
    .map((cuts) => cuts.sort((a, b) => a - b));

it.each([
  ['the kinds', ALL],
  [
    'patterns of the config',
    [customFinder('secret', 'secret-.*end'), customFinder('word', '\\bword\\b'), ...ALL],
  ],
])('a text in pieces is redacted as the whole is: %s', (_, finders) => {
  const whole = fc
    .record({ text, seed: fc.nat() })
    .chain((given) => cutsOf(given.text.length).map((cuts) => ({ text: given.text, cuts })));
  fc.assert(
    fc.property(whole, ({ text, cuts }) => {
      expect(redact(text, finders, cuts)).toBe(redact(text, finders));
    }),
    { numRuns: 300 },
  );
});

it('an address is one in other letters, too, and ends where a writing without spaces goes on', () => {
  expect(redact('an jürgen.groß@müller.de, иван@почта.рф und a@straße.example!')).toBe(
    'an <email>, <email> und <email>!',
  );
  expect(redact('Jose\u0301@example.com')).toBe('<email>');
  expect(redact('メールada@example.comです')).toBe('メール<email>です');
});

it('at every split, and letter by letter', () => {
  const story =
    'Ada (ada@example.com, +49 30 901820) pays DE89 3704 0044 0532 0130 00 by 4111 1111 1111 1111 from 10.0.0.1.';
  const whole = redact(story);
  expect(whole).toBe('Ada (<email>, <phone>) pays <iban> by <card> from <ip>.');
  for (let cut = 0; cut <= story.length; cut++) expect(redact(story, ALL, [cut])).toBe(whole);
  expect(
    redact(
      story,
      ALL,
      Array.from(story, (_, i) => i),
    ),
  ).toBe(whole);
});

it('holds back no more than a word of prose, and never more than a bound', () => {
  const scanner = new Scanner(ALL, true, () => '');
  expect(scanner.take('Hello there, how are ')).toBe('Hello there, how are ');
  const held = scanner.take('x'.repeat(5000));
  expect(held.length).toBeGreaterThan(4600);
});
