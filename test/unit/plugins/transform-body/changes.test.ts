import { expect, it } from 'vitest';
import { compileChanges } from '../../../../plugins/transform-body/changes.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';
import { parseExact } from '../../../../src/lib/exact-json.ts';
import { compileTemplate } from '../../../../src/lib/template.ts';

const exchange = { consumer: 'shop', path: '/o/7' } as Exchange;

function change(json: string, changes: object): string {
  const none = { remove: [], rename: {}, move: {}, set: {} };
  const value = parseExact(json);
  compileChanges({ ...none, ...changes }, (text) => compileTemplate(text, '/o/{id}'))?.(value, exchange);
  return JSON.stringify(value);
}

it.each([
  ['takes values out', '{"a":1,"b":{"c":2,"d":3}}', { remove: ['/a', '/b/c', '/none/x'] }, '{"b":{"d":3}}'],
  ['out of every entry', '[{"a":1,"b":2},{"a":3},7]', { remove: ['/*/a'] }, '[{"b":2},{},7]'],
  ['whole lists', '{"a":[1,2,3]}', { remove: ['/a/*'] }, '{"a":[]}'],
  ['one of a list', '{"a":[1,2,3]}', { remove: ['/a/1', '/a/length', '/a/9'] }, '{"a":[1,3]}'],
  [
    'renames',
    '{"items":[{"sku":1},{"x":2}]}',
    { rename: { '/items/*/sku': 'code' } },
    '{"items":[{"code":1},{"x":2}]}',
  ],
  ['moves', '{"a":{"b":1}}', { move: { '/a/b': '/c/d', '/none': '/e' } }, '{"a":{},"c":{"d":1}}'],
  ['moves into itself', '{"a":1}', { move: { '/a': '/a/b' } }, '{"a":{"b":1}}'],
  [
    'leaves what has no place to move to',
    '{"id":5,"meta":"text","list":[1,2]}',
    { move: { '/id': '/meta/id', '/list/0': '/list/7', '/meta': '/list/x' } },
    '{"id":5,"meta":"text","list":[1,2]}',
  ],
  [
    'sets',
    '{}',
    { set: { '/a/b': [1, { who: '{{consumer}}-{{path.id}}' }] } },
    '{"a":{"b":[1,{"who":"shop-7"}]}}',
  ],
  ['sets in every entry', '[{},{"a":1},2]', { set: { '/*/a': null } }, '[{"a":null},{"a":null},2]'],
  [
    'adds to a list',
    '{"a":[1]}',
    { set: { '/a/-': 2, '/a/0': 9, '/a/7': 3, '/a/length': 0 } },
    '{"a":[9,2]}',
  ],
  ['reads escapes', '{"a/b":{"~":1}}', { remove: ['/a~1b/~0'] }, '{"a/b":{}}'],
  ['does not go through texts', '{"a":"text"}', { set: { '/a/b': 1 }, remove: ['/a/0'] }, '{"a":"text"}'],
  [
    'does all in its order',
    '{"a":1,"b":2}',
    { remove: ['/a'], rename: { '/b': 'a' }, set: { '/b': 3 } },
    '{"a":2,"b":3}',
  ],
])('%s', (_what, json, changes, expected) => {
  expect(change(json, changes)).toBe(expected);
});

it('what everything inherits is neither found nor changed', () => {
  expect(change('{}', { remove: ['/constructor', '/__proto__'], move: { '/toString': '/x' } })).toBe('{}');
  expect(change('{}', { set: { '/__proto__/admin': true, '/constructor/prototype/admin': true } })).toBe(
    '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
  );
  expect(change('{"__proto__":{"admin":true},"a":1}', { rename: { '/a': '__proto__' } })).toBe(
    '{"__proto__":1}',
  );
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

it('numbers keep their text', () => {
  const json = '{"id":12345678901234567890,"price":10.00,"tiny":1e-400,"zero":-0,"n":[1.10,7]}';
  expect(change(json, { set: { '/x': 1 } })).toBe(`${json.slice(0, -1)},"x":1}`);
});

it('what one request makes of a value is not seen by the next', () => {
  const changes = compileChanges(
    { remove: [], rename: {}, move: { '/b': '/a/b' }, set: {} },
    (text) => () => text,
  );
  const setting = compileChanges(
    { remove: [], rename: {}, move: {}, set: { '/a': {} } },
    (text) => () => text,
  );
  const [first, second] = [{ b: 1 }, {}] as [object, object];
  setting?.(first, exchange);
  changes?.(first, exchange);
  setting?.(second, exchange);
  expect(second).toEqual({ a: {} });
});
