import { expect, it } from 'vitest';
import { altersIntegers, parseExact, plainNumbers } from '../../../src/lib/exact-json.ts';

it.each([
  '{"a":12345678901234567890}',
  '[1e400,-0,10.00,0.12345678901234567]',
  '{"at":"2026-01-01","n":[1.50,{"m":9007199254740993}]}',
  '{"__proto__":{"a":12345678901234567890}}',
])('%s is written as it was read', (text) => {
  const value = parseExact(text);
  expect(JSON.stringify(value)).toBe(text);
  expect(JSON.stringify(plainNumbers(value))).toBe(JSON.stringify(JSON.parse(text)));
});

it('a value of numbers that this language has is the plain one', () => {
  const value = parseExact('{"a":[1,2.5,"-0 1e5 10.00"]}');
  expect(plainNumbers(value)).toBe(value);
});

it.each([
  ['{"a":9007199254740993}', true],
  [`[${'9'.repeat(400)}]`, true],
  ['{"a":9007199254740992,"b":"9007199254740993","c":0.12345678901234567}', false],
  ['[-12345678901234567891]', true],
])('%s: whether a whole number in it becomes another is %s', (text, alters) => {
  expect(altersIntegers(text)).toBe(alters);
});
