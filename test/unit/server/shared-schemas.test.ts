import { expect, it } from 'vitest';
import { SharedSchemas } from '../../../src/server/shared-schemas.ts';

const text = () => ({ type: 'string', minLength: 2 });

it('what a schema says is compiled once for all generations that use it, and forgotten with the last of them', () => {
  const schemas = new SharedSchemas();
  const [before, after] = [schemas.open(), schemas.open()];
  const check = before.compile(text());
  expect(after.compile(text())).toBe(check);
  expect(after.compile({ ...text(), minLength: 3 })).not.toBe(check);
  expect(() => after.compile({ type: 'strin' })).toThrow('type');
  expect(schemas.size).toBe(2);
  before.release();
  before.release();
  expect(schemas.size).toBe(2);
  after.release();
  expect(schemas.size).toBe(0);
});
