import { expect, it } from 'vitest';
import { compileChanges } from '../../../../plugins/headers/changes.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';
import type { HeaderBag } from '../../../../src/contracts/policy.ts';
import { compileTemplate } from '../../../../src/lib/template.ts';

const none = { remove: [], rename: {}, set: {}, add: {} };
const template = (text: string) => compileTemplate(text, '/u/{id}');

function change(headers: HeaderBag, changes: object, exchange: object = {}): HeaderBag {
  compileChanges({ ...none, ...changes }, template)?.(headers, exchange as Exchange);
  return headers;
}

it('removes, renames, sets and adds, in this order', () => {
  const changes = {
    remove: ['X-A'],
    rename: { 'X-B': 'X-C' },
    set: { 'x-d': '1' },
    add: { 'x-d': '2', 'x-e': '3' },
  };
  expect(change({ 'x-a': 'a', 'x-b': 'b', 'x-c': 'c', 'x-d': 'd' }, changes)).toEqual({
    'x-c': 'b',
    'x-d': ['1', '2'],
    'x-e': '3',
  });
});

it('a header that is only spelt otherwise is not lost', () => {
  expect(change({ 'x-a': '1' }, { rename: { 'X-A': 'x-a' } })).toEqual({ 'x-a': '1' });
});

it('cookies stay fields of their own', () => {
  expect(change({ 'set-cookie': ['a=1'] }, { add: { 'Set-Cookie': 'b=2' } })).toEqual({
    'set-cookie': ['a=1', 'b=2'],
  });
});

it('a value can not end its header', () => {
  const exchange = { consumer: 'a\r\nx-evil: 1\0\u{1F600}é\ud800', path: '/u/a%C3%A9' };
  expect(change({}, { set: { 'x-c': '{{consumer}}', 'x-p': '{{path.id}}' } }, exchange)).toEqual({
    'x-c': 'a%0D%0Ax-evil: 1%00%F0%9F%98%80%C3%A9%EF%BF%BD',
    'x-p': 'a%C3%A9',
  });
});

it('costs nothing where nothing is changed', () => {
  expect(compileChanges(none, template)).toBeUndefined();
});
