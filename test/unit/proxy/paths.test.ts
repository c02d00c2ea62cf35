import { describe, expect, it } from 'vitest';
import { type Matched, placesOf } from '../../../src/proxy/paths.ts';

const route = (path: string, more: Partial<Matched['match']> = {}): Matched => ({
  match: { path, methods: ['GET'], ...more },
});

const told = (...routes: Matched[]): string[] =>
  placesOf(routes).map(
    ({ pattern, methods, routes: sharing }) =>
      `${methods.join('+')} ${pattern}: ${sharing.map((each) => routes.indexOf(each)).join(', ')}`,
  );

describe('the places of routes', () => {
  it('a prefix has two, a parameter has no name', () => {
    expect(told(route('/a/*'), route('/u/{id}/x'))).toEqual(['GET /a: 0', 'GET /a/*: 0', 'GET /u/:p2/x: 1']);
    expect(told(route('/*'))).toEqual(['GET /*: 0']);
  });

  it('methods with the same routes stand together', () => {
    const methods = ['GET', 'POST'];
    expect(told(route('/a', { methods }), route('/a', { methods: ['POST'], host: 'x' }))).toEqual([
      'GET /a: 0',
      'POST /a: 1, 0',
    ]);
  });

  it('the route that asks for most stands first, and of equals the first', () => {
    const asks = [
      route('/a'),
      route('/a', { host: '*.x' }),
      route('/a', { host: 'a.x' }),
      route('/a', { headers: { h: '*' } }),
      route('/a', { headers: { h: '1' } }),
      route('/a', { headers: { i: '1' } }),
      route('/a', { headers: { h: '*', i: '*' } }),
    ];
    expect(told(...asks)).toEqual(['GET /a: 6, 4, 5, 3, 2, 1, 0']);
  });

  it('a route of its own takes a bare path, and leaves other methods and conditions', () => {
    const methods = ['GET', 'POST'];
    expect(told(route('/a/*', { methods }), route('/a'))).toEqual([
      'POST /a: 0',
      'GET+POST /a/*: 0',
      'GET /a: 1',
    ]);
    expect(told(route('/a/*'), route('/a', { host: 'x' }))).toEqual(['GET /a: 1, 0', 'GET /a/*: 0']);
  });
});
