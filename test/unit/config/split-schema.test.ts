import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { gatewaySchema } from '../../../src/config/schema/index.ts';
import { splitSchema } from '../../../src/config/split-schema.ts';
import { compile } from '../../../src/config/validate.ts';
import { loadPolicies, schemasOf } from '../../../src/server/policies.ts';

const LONG = 'It is said at length what this is for. '.repeat(50);

it('no part of the configuration is so large that its function is a burden to compile', async () => {
  const policies = Object.entries(schemasOf(await loadPolicies()));
  const schema = gatewaySchema(Object.fromEntries(policies.map(([name, each]) => [name, each.schema])));
  const { $defs = {}, ...root } = splitSchema(schema) as { $defs?: Record<string, object> };
  const parts = [root, ...Object.values($defs)].map((part) => JSON.stringify(part).length);
  expect(parts.length).toBeGreaterThan(10);
  expect(Math.max(...parts)).toBeLessThan(20_000);
});

it('defaults, also of parts that are missing, and places are those of the whole', () => {
  const Inner = Type.Object({ size: Type.Integer({ default: 3 }) }, { description: LONG, default: {} });
  const validate = compile(Type.Object({ each: Type.Array(Type.Object({ inner: Inner })) }));
  const value = { each: [{}, { inner: { size: 5 } }] };
  expect(validate(value)).toEqual([]);
  expect(value).toEqual({ each: [{ inner: { size: 3 } }, { inner: { size: 5 } }] });
  expect(validate({ each: [{ inner: { size: 'large' } }] })).toMatchObject([
    { instancePath: '/each/0/inner/size', keyword: 'type' },
  ]);
});
