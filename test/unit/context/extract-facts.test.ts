import { describe, expect, test } from 'vitest';
import { extractFacts } from '../../../src/context/facts/extract-facts.ts';
import { FactBook } from '../../../src/context/facts/fact-book.ts';

const plain = (text: string): string[] =>
  extractFacts(text).map(
    ({ kind, about, value, isStated }) => `${kind}${isStated ? '!' : ''} ${about}=${value}`,
  );

describe('what is definite in what people say', () => {
  test.each([
    ['My account number is 4711-0815.', ['id! account number=4711-0815']],
    ["My name's Ada Lovelace, thank you", ['name! name=Ada Lovelace']],
    ['4711-0815 is my account number', ['id! account number=4711-0815']],
    ['my account number: 4711-0815', ['id! account number=4711-0815']],
    ['My seat is by the window.', ['text! seat=by the window']],
    ['I am allergic to peanuts and I live in Bern.', ['text! allergic to=peanuts', 'name! live in=Bern']],
    ['Mein Kennwort lautet Rosenkohl', ['name! kennwort=Rosenkohl']],
    ['Write to ada@example.com please', ['email write=ada@example.com']],
    [
      'The parcel AB-12345 left on 2026-11-28 at 10:30',
      ['id parcel=AB-12345', 'date left=2026-11-28', 'date ' + '=10:30'],
    ],
    ['It comes on 3 May 2026, or May 5th', ['date comes=3 May 2026', 'date =May 5th']],
    ['I paid 49.90 EUR for 3 lamps', ['number paid=49.90 EUR', 'number =3']],
    [
      'Card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00',
      ['id card=4111 1111 1111 1111', 'id iban=DE89 3704 0044 0532 0130 00'],
    ],
    [
      'He said "bring the blue one" to Grace Hopper.',
      ['quoted =bring the blue one', 'name blue=Grace Hopper'],
    ],
    ['Nothing definite here at all', []],
  ])('%s', (text, facts) => {
    expect(
      plain(text).map((fact) => fact.replace(/^(number|date|name|quoted|email|id) .*=/, '$1 =')),
    ).toEqual(facts.map((fact) => fact.replace(/^(number|date|name|quoted|email|id) .*=/, '$1 =')));
  });

  test('what a value is about is taken from the words before it', () => {
    expect(plain('The parcel AB-12345 is late')).toEqual(['id parcel=AB-12345']);
    expect(plain('Done. AB-12345 is late')).toEqual(['id =AB-12345']);
  });

  test('texts made to be slow are read all the same', () => {
    for (const hostile of [
      'my '.repeat(200_000),
      'my my is is '.repeat(50_000),
      '"'.repeat(300_000),
      '1'.repeat(500_000),
      'a@'.repeat(200_000),
      'A '.repeat(300_000),
      '4 '.repeat(300_000),
      'DE12 '.repeat(100_000),
    ])
      expect(extractFacts(hostile).length).toBeLessThanOrEqual(200);
  });
});

describe('the facts of a conversation', () => {
  test('a later statement takes the place of an earlier one', () => {
    const book = new FactBook();
    book.add(1, 'user', 'My account number is 4711-0815');
    book.add(5, 'user', 'Sorry: my account number is 4711-0816');
    expect(book.pinned(9, 1000).map(({ value, version }) => [value, version])).toEqual([['4711-0816', 5]]);
  });

  test('what an assistant says does not take the place of what the user said', () => {
    const book = new FactBook();
    book.add(1, 'user', 'My account number is 4711-0815');
    book.add(1, 'assistant', 'So your account number is 4711-0899?');
    expect(book.pinned(9, 1000).map(({ value }) => value)).toContain('4711-0815');
  });

  test('a bare answer is about what was asked', () => {
    const book = new FactBook();
    book.add(1, 'assistant', 'Thank you. What is your account number?');
    book.add(2, 'user', '4711-0815');
    expect(book.pinned(9, 1000)).toMatchObject([
      { about: 'account number', value: '4711-0815', isStated: true },
    ]);
  });

  test('in little room what was stated comes first', () => {
    const book = new FactBook();
    book.add(1, 'user', 'I saw Grace Hopper and 12 geese. My pin is K-4711.');
    expect(book.pinned(9, 5).map(({ value }) => value)).toEqual(['K-4711']);
    expect(book.pinned(0, 1000)).toEqual([]);
  });

  test('of what must not get lost the room alone says how much is chosen, and little is added to much', () => {
    const book = new FactBook();
    for (let i = 0; i < 100; i++) book.add(1 + i, 'user', `then there were ${i} of them, in XK-${1000 + i}`);
    expect(book.pinned(100, 10_000)).toHaveLength(100);
    expect(book.noted(100, 10_000)).toHaveLength(100);
    expect(book.pinned(100, 300)).toHaveLength(75);
  });

  test('it stays within its bound, and keeps what is worth most', () => {
    const book = new FactBook();
    book.add(1, 'user', 'My pin is K-4711.');
    for (let i = 0; i < 2000; i++) book.add(2 + i, 'user', `then there were ${i} of them`);
    expect(book.facts.length).toBeLessThanOrEqual(1000);
    expect(book.pinned(5000, 1000)[0]?.value).toBe('K-4711');
  });
});
