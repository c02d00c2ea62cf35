import { expect, it } from 'vitest';
import { cookieOf } from '../../../src/lib/cookie.ts';

it.each([
  ['a=1; sid=abc; b=2', 'abc'],
  ['sid=abc', 'abc'],
  ['xsid=1; sid=abc=d ', 'abc=d'],
  ['sidx=1;  sid=', ''],
  ['a=1;sid=2', '2'],
  ['; ;=;sid', ''],
  ['', ''],
  [undefined, ''],
])('%j has the cookie sid as %j', (header, value) => {
  expect(cookieOf(header, 'sid')).toBe(value);
});
