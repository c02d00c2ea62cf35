import { expect, it } from 'vitest';
import { atOnce } from '../../../src/lib/slices.ts';
import { guardsOf } from '../../../src/proxy/guards.ts';
import { otherMethods } from '../../../src/proxy/other-methods.ts';

const KEY = { 'auth-api-key': {} };

const route = (name: string, path: string, methods: string[], ...policies: Record<string, unknown>[]) => ({
  name,
  match: { path, methods },
  policies,
});

function looking(...routes: ReturnType<typeof route>[]): string[] {
  const guards = atOnce(guardsOf(routes, () => 'identify'));
  return [...atOnce(otherMethods(routes, guards))];
}

it('only a route beside which one of other methods asks for more looks for fields that name a method', () => {
  expect(looking(route('a', '/a/*', ['POST']), route('b', '/a/{id}', ['DELETE'], KEY))).toEqual(['a']);
  expect(looking(route('a', '/a/*', ['POST'], KEY), route('b', '/a/*', ['DELETE'], KEY))).toEqual([]);
  expect(looking(route('a', '/a/*', ['POST']), route('b', '/a/*', ['POST'], KEY))).toEqual([]);
});

it('paths that begin otherwise have nothing to do with one another, but those that may begin with anything', () => {
  const below = route('b', '/b/*', ['DELETE'], KEY);
  expect(looking(route('a', '/a/*', ['POST']), below)).toEqual([]);
  for (const path of ['/*', '/:any/x', '/{any}/x'])
    expect(looking(route('a', path, ['POST']), below)).toEqual(['a']);
  expect(looking(route('a', '/a', ['POST']), route('b', '/*', ['DELETE'], KEY))).toEqual(['a']);
});
