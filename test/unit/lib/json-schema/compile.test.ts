import { expect, it } from 'vitest';
import { compileSchema } from '../../../../src/lib/json-schema/compile.ts';

const order = {
  type: 'object',
  required: ['items'],
  properties: {
    items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
    contacts: {
      type: 'object',
      additionalProperties: { type: 'object', properties: { age: { type: 'integer' } } },
    },
    email: { type: 'string', format: 'email' },
  },
};

it.each([
  [{}, "/ must have required property 'items'"],
  [[], '/ must be object'],
  [{ items: [{ price: 1 }, { price: 'secret' }] }, '/items/1/price must be number'],
  [{ items: [], email: 'not-an-address' }, '/email must match format "email"'],
  [{ items: [], contacts: { 'alice@example.com': { age: 'old' } } }, '/contacts/*/age must be integer'],
])('%j: %s', (value, breach) => {
  expect(compileSchema(order)(value)).toBe(breach);
});

it('lets pass what fits, and what is inherited is no property', () => {
  expect(compileSchema(order)({ items: [{ price: 1 }], more: true })).toBeUndefined();
  const inherited = { type: 'object', required: ['constructor', '__proto__'] };
  expect(compileSchema(inherited)({})).toContain('must have required property');
  expect(compileSchema(inherited)(JSON.parse('{"constructor":1,"__proto__":2}'))).toBeUndefined();
});

it('a polluting key is a key that may be forbidden like any other', () => {
  const closed = { type: 'object', additionalProperties: false, properties: { a: {} } };
  expect(compileSchema(closed)(JSON.parse('{"__proto__":{"admin":true}}'))).toBe(
    '/ must NOT have additional properties',
  );
});

it('knows both drafts by their $schema', () => {
  const tuple = { prefixItems: [{ type: 'number' }] };
  expect(compileSchema(tuple)(['x'])).toBe('/0 must be number');
  const old = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'number' }] };
  expect(compileSchema(old)(['x'])).toBe('/0 must be number');
  expect(compileSchema({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' })(1)).toBe(
    '/ must be string',
  );
});

it.each([
  [{ $schema: 'http://json-schema.org/draft-04/schema#' }, 'take draft 2020-12 or draft-07'],
  [{ type: 'strin' }, 'type'],
  [{ requird: ['a'] }, 'unknown keyword'],
  [{ $ref: 'https://example.com/other.json' }, "can't resolve reference"],
  [{ $ref: '#/$defs/none' }, "can't resolve reference"],
  [{ type: 'string', format: 'planet' }, 'unknown format'],
  [{ type: 'string', pattern: '^(?=a)' }, 'parsing regexp'],
  [{ $ref: '#' }, 'refers to itself without end'],
  [
    { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
    'without end',
  ],
  [7, 'is no JSON Schema'],
  [[], 'is no JSON Schema'],
])('%j is refused: %s', (schema, message) => {
  expect(() => compileSchema(schema)).toThrow(message);
});

it.each([
  [0.01, 19.99, true],
  [0.01, 4.35, true],
  [0.01, 4.355, false],
  [0.1, 0.3, true],
  [0.01, 123456789012.34, true],
  [1, 1e21, true],
  [1e-7, 0.0000003, true],
  [3, -9, true],
  [2.5, -5, true],
  [3, 10, false],
  [1, 0.5, false],
  [1, 0, true],
])('multipleOf %d goes by decimals: %d', (multipleOf, value, isOne) => {
  expect(compileSchema({ multipleOf })(value)).toBe(
    isOne ? undefined : `/ must be multiple of ${multipleOf}`,
  );
});

it('two schemas with one $id do not meet', () => {
  const [a, b] = ['string', 'number'].map((type) => compileSchema({ $id: 'https://example.com/x', type }));
  expect([a?.('x'), b?.(1), a?.(1), b?.('x')]).toEqual([
    undefined,
    undefined,
    '/ must be string',
    '/ must be number',
  ]);
});

it('a schema that contains itself is followed as deep as the value goes', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: { node: { type: 'object', properties: { child: { $ref: '#/$defs/node' } } } },
  };
  const deep = (depth: number, leaf: unknown): unknown =>
    depth === 0 ? leaf : { child: deep(depth - 1, leaf) };
  expect(compileSchema(tree)(deep(190, {}))).toBeUndefined();
  expect(compileSchema(tree)(deep(3, 7))).toBe('/child/child/child must be object');
});

it('neither an expression nor a list of equal items holds up the process', () => {
  const slow = compileSchema({ type: 'string', pattern: '^(a+)+$' });
  expect(slow(`${'a'.repeat(50_000)}!`)).toContain('must match pattern');
  const unique = compileSchema({ uniqueItems: true });
  expect(unique(Array.from({ length: 30_000 }, (_, i) => ({ i, a: {} })))).toBeUndefined();
  expect(
    unique([
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ]),
  ).toBe('/ must NOT have duplicate items');
  expect(unique([1, '1', true, 'true', null, [], {}])).toBeUndefined();
});
