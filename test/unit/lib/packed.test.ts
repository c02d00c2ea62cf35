import { expect, it } from 'vitest';
import { pack, unpack } from '../../../src/lib/packed.ts';
import { PemFile } from '../../../src/lib/pem-file.ts';

it('a value arrives as it was, its files too, and what holds none is not copied', () => {
  const plain = { list: [1, 'two', { three: null }] };
  const value = { plain, tls: [{ key: new PemFile('own.key', 'what is secret') }], at: undefined };
  const arrived = unpack(structuredClone(pack(value)));
  expect(arrived).toEqual(value);
  expect(arrived.tls[0]?.key.read()).toBe('what is secret');
  expect(pack(value).packed.plain).toBe(plain);
  expect(JSON.stringify(arrived)).not.toContain('what is secret');
});
