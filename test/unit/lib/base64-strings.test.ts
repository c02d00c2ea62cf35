// Which strings of a JSON are pictures, sound or files, by what they are made of.
import { expect, it } from 'vitest';
import { base64Bytes } from '../../../src/lib/base64-strings.ts';

const SHORTEST = 64;
const picture = (bytes: number): string =>
  Buffer.from(Array.from({ length: bytes }, (_, at) => (at * at + 7 * at) % 256)).toString('base64');
const PICTURE = picture(300);
const found = (json: string): number => base64Bytes(Buffer.from(json), SHORTEST);
const foundIn = (body: unknown, space = 0): number => found(JSON.stringify(body, null, space));

it('finds them whatever their field is called, and as data URLs', () => {
  expect(foundIn({ image: PICTURE })).toBe(PICTURE.length);
  expect(foundIn({ a: 'words', b: [{ c: PICTURE }, PICTURE], d: 'words' }, 2)).toBe(2 * PICTURE.length);
  expect(foundIn({ image_url: { url: `data:image/png;base64,${PICTURE}` } })).toBe(PICTURE.length);
  expect(foundIn({ url: `DATA:audio/wav;rate=8000;base64,${PICTURE}` })).toBe(PICTURE.length);
  expect(foundIn({ image: Buffer.from(PICTURE, 'base64').toString('base64url') })).toBe(PICTURE.length);
});

it('finds each, wherever it stands and however long it is', () => {
  for (let before = 0; before < 2 * SHORTEST; before++)
    for (const bytes of [48, 49, 90, 150]) {
      const letters = picture(bytes);
      expect(foundIn({ text: ' '.repeat(before), image: letters, more: 'x'.repeat(before) })).toBe(
        letters.length,
      );
    }
});

it('finds them as PHP, .NET and Python write them', () => {
  const written = (from: string, to: string) => `{"image":"${PICTURE.replaceAll(from, to)}"}`;
  const lines = PICTURE.replace(/.{76}/g, '$&\\n');
  expect(PICTURE).toMatch(/\+.*\/|\/.*\+/);
  expect(found(written('/', '\\/'))).toBeGreaterThan(PICTURE.length);
  expect(found(written('+', '\\u002B'))).toBeGreaterThan(PICTURE.length);
  expect(found(`{"image":"${lines}"}`)).toBe(lines.length);
  expect(found(`{"url":"data:image\\/png;base64,${PICTURE}"}`)).toBe(PICTURE.length);
});

it.each([
  ['words', { text: 'As they say it, and more of them than one would read. '.repeat(9) }],
  ['words behind a beginning', { text: `;base64,${'words and '.repeat(99)}` }],
  ['words in a data URL', { url: `data:text/plain;base64,${'words and '.repeat(99)}` }],
  ['a picture among words', { text: `See ![it](data:image/png;base64,${PICTURE})` }],
  ['words behind letters', { text: `${PICTURE} and ${'words and '.repeat(9)}` }],
  ['a picture that is quoted', { text: `He wrote "${PICTURE}", I think` }],
  ['a picture that ends a quotation', { text: `He wrote "${PICTURE}` }],
  ['a picture that begins one', { text: `${PICTURE}" he wrote` }],
  ['JSON in a text', { arguments: JSON.stringify({ image: `data:image/png;base64,${PICTURE}` }) }],
  ['other letters', { text: '\u4e2d\u6587'.repeat(99) }],
  ['one letter again and again', { text: 'x'.repeat(999) }],
  ['hexadecimal', { text: '00ffab'.repeat(99) }],
  ['numbers', { input: Array(999).fill(12345) }],
  ['what is short', { image: PICTURE.slice(0, SHORTEST - 1) }],
])('%s are text', (_what, body) => {
  expect(foundIn(body)).toBe(0);
});

it('letters that are escaped are no base64, nor is what ends before its string', () => {
  expect(found(`{"text":"${'\\u4E2D\\u6587a'.repeat(99)}"}`)).toBe(0);
  expect(found(`{"text":"${PICTURE}\\\\"}`)).toBe(0);
  expect(found(`{"text":"${PICTURE}\\t${PICTURE}"}`)).toBe(0);
  expect(found(`{"text":"${PICTURE}`)).toBe(0);
  expect(found(PICTURE)).toBe(0);
  expect(found('')).toBe(0);
});
