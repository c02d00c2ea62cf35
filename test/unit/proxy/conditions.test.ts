import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Conditions,
  compileConditions,
  conditionsKey,
  hostName,
  unmetCondition,
} from '../../../src/proxy/conditions.ts';

it.each([
  ['API.example.com:8080', 'api.example.com'],
  ['[::1]:80', '[::1]'],
  ['[::1]', '[::1]'],
  ['', ''],
])('the name in %s is %s', (host, name) => {
  expect(hostName(host)).toBe(name);
});

it('what is compiled for the request path says the same as what is said to people', () => {
  const host = fc.constantFrom(
    'a.example.com',
    'b.a.EXAMPLE.com',
    'example.com',
    'other.org',
    'badexample.com',
  );
  const conditions = fc.record(
    {
      host: fc.constantFrom('a.example.com', '*.example.com', 'A.Example.Com', '*.a.example.com'),
      headers: fc.dictionary(fc.constantFrom('X-A', 'x-b'), fc.constantFrom('*', '1', '2')),
    },
    { requiredKeys: [] },
  );
  const headers = fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('1', '2', ''));
  fc.assert(
    fc.property(conditions, host, headers, (asked: Conditions, name, given) => {
      const all = { ...given, host: name };
      expect(compileConditions(asked)(hostName(name), all)).toBe(unmetCondition(asked, all) === null);
    }),
    { numRuns: 1000 },
  );
});

it('conditions are the same however they are written', () => {
  expect(conditionsKey({ host: 'A.x', headers: { B: '1', a: '2' } })).toBe(
    conditionsKey({ host: 'a.x', headers: { A: '2', b: '1' } }),
  );
  expect(conditionsKey({ headers: { a: 'X' } })).not.toBe(conditionsKey({ headers: { a: 'x' } }));
});
