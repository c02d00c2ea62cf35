import { expect, it } from 'vitest';
import { compilePathRewrite } from '../../../src/lib/path-rewrite.ts';

it.each([
  [{ from: '^/api/v2/(.*)$', to: '/api/v1/$1' }, '/api/v2/a/b%20c', '/api/v1/a/b%20c'],
  [{ from: '^/users/(?P<id>\\d+)$', to: '/people/$<id>' }, '/users/7', '/people/7'],
  [{ from: '^/users/(\\d+)$', to: '/people/$1' }, '/users/x', '/users/x'],
  [{ from: '/+$', to: '/' }, '/a/', '/a/'],
  [{ from: '^/a$', to: '/$$' }, '/a', '/$'],
  [{ prefix: { strip: '/api', add: '' } }, '/api/x', '/x'],
  [{ prefix: { strip: '/api', add: '' } }, '/api', '/'],
  [{ prefix: { strip: '/api', add: '' } }, '/apis/x', '/apis/x'],
  [{ prefix: { strip: '', add: '/v1' } }, '/x', '/v1/x'],
  [{ prefix: { strip: '/api/', add: '/v1/' } }, '/api/x', '/v1/x'],
])('%j makes of %s %s', (settings, path, expected) => {
  expect(compilePathRewrite(settings)(path)).toBe(expected);
});

it.each([
  ['climbs', { from: '^/files/a(.*)$', to: '/files/$1' }, '/files/a../../secret'],
  ['has an empty segment', { from: '^/a/(.*)$', to: '/b//$1' }, '/a/x'],
  ['hides an escape', { from: '^/a(.*)$', to: '/%$1' }, '/a2fx'],
  ['has no slash at its beginning', { from: '^/a/', to: '' }, '/a/x'],
  ['has a query', { from: '^/a$', to: '/b?c' }, '/a'],
])('a path that %s is none', (_what, settings, path) => {
  expect(compilePathRewrite(settings)(path)).toBeNull();
});

it('takes no expression that RE2 does not know, and no group that is not there', () => {
  expect(() => compilePathRewrite({ from: '(', to: '' })).toThrow('is no regular expression');
  expect(() => compilePathRewrite({ from: '^/(?=a)', to: '/' })).toThrow('is no regular expression');
  expect(() => compilePathRewrite({ from: '^/a', to: '/$1' })).toThrow('has no group for the $1');
  expect(() => compilePathRewrite({ from: '^/(?P<id>a)', to: '/$<di>' })).toThrow(
    'has no group for the $<di>',
  );
});

it('an expression that would take a backtracking engine for ever is done at once', () => {
  const rewrite = compilePathRewrite({ from: '^/(a+)+$', to: '/$1' });
  expect(rewrite(`/${'a'.repeat(5000)}!`)).toBe(`/${'a'.repeat(5000)}!`);
});
