import { expect, it } from 'vitest';
import { parseObject } from '../../../src/lib/json.ts';

it('reads an object, whatever JSON allows to stand around it', () => {
  expect(parseObject('{"a":1}')).toEqual({ a: 1 });
  expect(parseObject(' \t\r\n{"a":1}\n ')).toEqual({ a: 1 });
});

it.each([
  '',
  ' ',
  '[DONE]',
  '[{}]',
  '1',
  '"{}"',
  'null',
  '{',
  '{} {}',
  '\ufeff{}',
  '\u00a0{}',
])('takes %j for no object', (text) => {
  expect(parseObject(text)).toBeUndefined();
});
