import { expect, it } from 'vitest';
import { dropDisguises } from '../../../../plugins/headers/disguises.ts';
import type { HeaderBag } from '../../../../src/contracts/policy.ts';

const none = { remove: [], rename: {}, set: {}, add: {} };

function dropped(headers: HeaderBag, changes: object): string[] {
  const left = { ...headers };
  dropDisguises({ ...none, ...changes })?.(left);
  return Object.keys(headers).filter((name) => !(name in left));
}

it('what is only spelt otherwise than a header that is set, removed or renamed goes', () => {
  const bag = { 'x-a-b': '1', 'x_a-b': '2', 'x-a_b': '3', x_a_b: '4', x_other: '5' };
  const disguises = ['x_a-b', 'x-a_b', 'x_a_b'];
  expect(dropped(bag, { set: { 'X-A-B': 'v' } })).toEqual(disguises);
  expect(dropped(bag, { remove: ['X-A-B'] })).toEqual(disguises);
  expect(dropped(bag, { rename: { 'X-A-B': 'x-new' } })).toEqual(disguises);
  expect(dropped(bag, { rename: { 'x-old': 'X-A-B' } })).toEqual(disguises);
  expect(dropped(bag, { add: { 'x-a-b': 'one more beside the client’s' } })).toEqual([]);
});

it('a change of the other spelling itself is one', () => {
  expect(dropped({ x_tenant: '1' }, { rename: { X_Tenant: 'x-tenant' } })).toEqual([]);
  expect(dropped({ x_tenant: '1' }, { set: { 'x-tenant': 'a' }, add: { x_tenant: 'b' } })).toEqual([]);
});

it('costs nothing where no name can be spelt otherwise', () => {
  expect(dropDisguises({ ...none, remove: ['server'], add: { 'x-a': '1' } })).toBeUndefined();
});
