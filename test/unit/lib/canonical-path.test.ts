import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalPath, routedPath, splitTarget } from '../../../src/lib/canonical-path.ts';

describe('the canonical form of a path', () => {
  it.each([
    ['/', '/'],
    ['/a/b.c/d-e_f~g', '/a/b.c/d-e_f~g'],
    ['/a/', '/a/'],
    ['//', '/'],
    ['//a///b//', '/a/b/'],
    ['/./a/./b/.', '/a/b/'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a/'],
    ['/a/%2e%2e/b', '/b'],
    ['/a/%2E./b', '/b'],
    ['/a/.%2e', '/'],
    ['/%61dmin', '/admin'],
    ['/a%7eb%2Dc%5F', '/a~b-c_'],
    ['/a%20b', '/a%20b'],
    ['/a%2bb%3b%c3%a9', '/a%2Bb%3B%C3%A9'],
    ['/coupons/100%25', '/coupons/100%25'],
    ['/100%25%20off', '/100%25%20off'],
    ['/...', '/...'],
    ['/..a/.b/c..', '/..a/.b/c..'],
    ['/a;v=1/b', '/a;v=1/b'],
    ['/@me/{x}/[y]|z', '/@me/{x}/[y]|z'],
  ])('%s is %s', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });

  it.each([
    ['', 'nothing'],
    ['a', 'no slash in front'],
    ['*', 'the server as a whole'],
    ['/..', 'above the root'],
    ['/a/../../b', 'above the root, later'],
    ['/%2e%2e/a', 'above the root, escaped'],
    ['/a%2fb', 'an escaped slash'],
    ['/a%2Fb', 'an escaped slash in capitals'],
    ['/a%5cb', 'an escaped backslash'],
    ['/a\\b', 'a backslash'],
    ['/a%00b', 'NUL'],
    ['/a%0d%0ab', 'a line end'],
    ['/a%7f', 'DEL'],
    ['/%252e%252e/a', 'an escape of an escape'],
    ['/%25%32%65', 'an escape of an escape, in pieces'],
    ['/a%2541', 'an escape of an escaped letter'],
    ['/%', 'half an escape'],
    ['/%4', 'half an escape'],
    ['/%zz', 'no escape'],
    ['/%u0041', 'no escape either'],
    ['/a/..;x/b', 'up with a path parameter'],
    ['/a/..;/b', 'up with an empty path parameter'],
    ['/a/.;x', 'here with a path parameter'],
    ['/a/%2e%2e;x', 'up with a path parameter, escaped'],
    ['/a/..%3bx', 'up with an escaped path parameter'],
    ['/a/.%2E%3B/b', 'the same in capitals'],
    ['/caf\u00e9', 'a byte that is not ASCII'],
    ['/\u65e5', 'a character that is not a byte'],
    ['/a b', 'a space'],
    ['/a\tb', 'a tab'],
    ['/a#b', 'a fragment'],
    ['/a"b', 'a quote'],
    ['/a<b>', 'angle brackets'],
  ])('%s has none: %s', (path) => {
    expect(canonicalPath(path)).toBeNull();
  });

  it('is its own canonical form, and holds nothing that somebody could resolve again', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      'a',
      '%2e',
      '%2E',
      '%61',
      '%20',
      '%3b',
      ';',
      'x',
      '%c3%a9',
      '//',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12, size: 'max' }), (pieces) => {
        const canonical = canonicalPath(`/${pieces.join('')}`);
        if (canonical === null) return;
        expect(canonicalPath(canonical)).toBe(canonical);
        expect(canonical).not.toMatch(/\/\.{1,2}(?:\/|;|%3B|$)|\/\/|%2e|%61/i);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the path as it is routed', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/a%20b', '/a%20b'],
    ['/%40me%3Ax', '/@me:x'],
    ['/a%24%26%2B%2C%3B%3D', '/a$&+,;='],
    ['/a%3Fb%23c', '/a%3Fb%23c'],
  ])('%s is %s', (path, routed) => {
    expect(routedPath(path)).toBe(routed);
  });
});

it('a query begins at the first question mark', () => {
  expect(splitTarget('/a?b?c')).toEqual({ path: '/a', query: '?b?c' });
  expect(splitTarget('/a')).toEqual({ path: '/a', query: '' });
  expect(splitTarget('/a?')).toEqual({ path: '/a', query: '?' });
});
