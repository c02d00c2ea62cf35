import { expect, it } from 'vitest';
import { checkNameHeader } from '../../../src/mcp/name-header.ts';

const call = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } }) as const;
const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

it('what a header names is what the body names, plain or encoded', () => {
  expect(checkNameHeader('add', call('add'))).toBeUndefined();
  expect(checkNameHeader(' add\t', call('add'))).toBeUndefined();
  expect(checkNameHeader(encoded('größe'), call('größe'))).toBeUndefined();
  const read = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'a:b' } } as const;
  expect(checkNameHeader('a:b', read)).toBeUndefined();
  for (const other of ['Add', 'sub', '', encoded('sub'), '=?base64?!?=', '=?base64?/w==?='])
    expect(checkNameHeader(other, call('add')), other).toContain('Header mismatch');
});

it('one that is missing is its server’s to ask for, and of other methods it says nothing', () => {
  expect(checkNameHeader(undefined, call('add'))).toBeUndefined();
  expect(checkNameHeader('x', { jsonrpc: '2.0', id: 1, method: 'tools/list' })).toBeUndefined();
});
