import { expect, it } from 'vitest';
import { pathMatches } from '../../../src/lib/path-pattern.ts';

it.each([
  ['/*', '/', true],
  ['/*', '/x/y', true],
  ['/a/*', '/a', true],
  ['/a/*', '/a/', true],
  ['/a/*', '/ab', false],
  ['/a/:id', '/a/1', true],
  ['/a/{id}', '/a/', true],
  ['/a/{id}', '/a', false],
  ['/a/:id', '/a/1/2', false],
  ['/a', '/a/', false],
])('%s has %s: %s', (pattern, path, matches) => {
  expect(pathMatches(pattern, path)).toBe(matches);
});
