import { expect, it } from 'vitest';
import { changeQuery, type QueryChanges } from '../../../../plugins/query/change-query.ts';

const none: QueryChanges = { remove: new Set(), rename: new Map(), set: [], add: [] };

it.each([
  ['keeps the bytes of what it is not about', '/p?a=%20&b=+&c&d=&&e==', {}, '/p?a=%20&b=+&c&d=&e=='],
  ['removes every spelling', '/p?key=1&a=2&%6bey=3&ke%79', { remove: new Set(['key']) }, '/p?a=2'],
  ['leaves no "?" behind', '/p?key=1', { remove: new Set(['key']) }, '/p'],
  ['renames', '/p?a=1&b=2&a', { rename: new Map([['a', 'x y']]) }, '/p?x%20y=1&b=2&x%20y'],
  ['renames over another', '/p?a=1&b=2', { rename: new Map([['a', 'b']]) }, '/p?b=1'],
  ['renames nothing over nothing', '/p?b=2', { rename: new Map([['a', 'b']]) }, '/p?b=2'],
  [
    'sets',
    '/p?a=1&a=2&b=3',
    { set: [['a', 'x&admin=1#/?']] as [string, string][] },
    '/p?b=3&a=x%26admin%3D1%23%2F%3F',
  ],
  ['adds', '/p', { add: [['a', 'é\r\nx']] as [string, string][] }, '/p?a=%C3%A9%0D%0Ax'],
  ['takes names that are no UTF-8 as they are', '/p?%ff=1', { remove: new Set(['%ff']) }, '/p'],
  [
    'keeps half a surrogate from failing',
    '/p',
    { set: [['a', '\ud800']] as [string, string][] },
    '/p?a=%EF%BF%BD',
  ],
])('%s', (_what, target, changes, expected) => {
  expect(changeQuery(target, { ...none, ...changes })).toBe(expected);
});
