import fc from 'fast-check';
import findMyWay from 'find-my-way';
import { describe, expect, it } from 'vitest';
import { routedPath } from '../../../src/lib/canonical-path.ts';
import { RouteTable } from '../../../src/proxy/route-table.ts';

const tableOf = (...patterns: string[]): RouteTable<string> => {
  const table = new RouteTable<string>();
  for (const pattern of patterns) table.add('GET', pattern, pattern);
  return table;
};
const find = (table: RouteTable<string>, path: string, headers = {}): string | undefined =>
  table.find('GET', path, headers);

describe('who takes a request', () => {
  it('a name goes before a parameter, and that before the rest, from place to place', () => {
    const table = tableOf('/*', '/a/*', '/a/:x/c', '/a/b', '/a/b/d/');
    expect(
      ['/', '/b', '/a', '/a/', '/a/b', '/a/b/', '/a/b/c', '/a/x/c', '/a/x/d', '/a/b/d/'].map((path) =>
        find(table, path),
      ),
    ).toEqual(['/*', '/*', '/*', '/a/*', '/a/b', '/a/*', '/a/:x/c', '/a/:x/c', '/a/*', '/a/b/d/']);
  });

  it('where the headers suit nobody, the search goes on to what asks for less', () => {
    const table = tableOf('/a/*');
    table.add('GET', '/a/:x', 'of x', { host: 'x.test' });
    table.add('GET', '/a/b', 'with h', { headers: { h: '1' } });
    expect(find(table, '/a/b', { host: 'x.test', h: '1' })).toBe('with h');
    expect(find(table, '/a/b', { host: 'X.test:80' })).toBe('of x');
    expect(find(table, '/a/b')).toBe('/a/*');
    expect(table.find('POST', '/a/b', {})).toBe(undefined);
  });

  it('nobody takes what is taken whole already, nor what is no UTF-8', () => {
    const table = tableOf('/a');
    expect(table.add('GET', '/a', 'late')).toBe(false);
    expect(table.add('GET', '/a', 'of x', { host: 'x' })).toBe(true);
    expect(table.add('POST', '/a', 'post')).toBe(true);
    expect([...table.findAll('/a', {})]).toEqual([
      ['GET', '/a'],
      ['POST', 'post'],
    ]);
    expect(find(tableOf('/*'), '/%FF')).toBe(undefined);
  });
});

/** Few names, so that patterns and paths meet; some begin with one another, and some need an escape. */
const name = fc.constantFrom('a', 'ab', 'abc', 'b', 'é', '@x', '*b', 'b*');
const pattern = fc
  .tuple(fc.array(fc.oneof(name, fc.constant(':p')), { maxLength: 4 }), fc.constantFrom('', '/', '/*'))
  .map(
    ([segments, end]) =>
      segments.map((each, i) => `/${each === ':p' ? `:p${i}` : each.replace('*', 's')}`).join('') + end ||
      '/',
  );
const path = fc
  .array(fc.oneof(name.map(encodeURIComponent), fc.constantFrom('', 'c', '%23', '%25', ':p0', '%3A')), {
    maxLength: 6,
  })
  .map((segments) => `/${segments.join('/')}`);

it('agrees with find-my-way about every path', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(pattern, { maxLength: 12, size: 'max' }),
      fc.array(path, { minLength: 20 }),
      (patterns, paths) => {
        const router = findMyWay();
        for (const each of patterns) router.on('GET', each, () => undefined, each);
        const table = tableOf(...patterns);
        for (const each of paths) {
          const theirs = router.find('GET', routedPath(each))?.store ?? undefined;
          expect([each, find(table, each)]).toEqual([each, theirs]);
        }
      },
    ),
    { numRuns: Number(process.env.ROUTE_TABLE_RUNS ?? 100) },
  );
});
