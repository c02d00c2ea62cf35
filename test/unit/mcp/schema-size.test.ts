import { expect, it } from 'vitest';
import { expandedSize } from '../../../src/mcp/pins/schema-size.ts';

it('a schema without references is as large as it looks', () => {
  expect(expandedSize({ type: 'object', properties: { a: { type: 'string' } } })).toBe(3);
});

it('definitions that each name the next twice grow without bound, and are told at once', () => {
  const next = (i: number) => ({ allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] });
  const $defs = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d${i}`, next(i)]));
  expect(expandedSize({ $defs: { ...$defs, d40: { type: 'object' } }, $ref: '#/$defs/d0' })).toBeGreaterThan(
    2 ** 40,
  );
});

it('one that names itself has no end', () => {
  expect(expandedSize({ properties: { child: { $ref: '#' } } })).toBe(Number.POSITIVE_INFINITY);
  expect(expandedSize({ $ref: '#/$defs/none' })).toBe(Number.POSITIVE_INFINITY);
});
