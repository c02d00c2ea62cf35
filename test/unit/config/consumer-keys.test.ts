import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { newKey, rotatedKey, withKey, withoutKey, writtenKeys } from '../../../src/config/consumer-keys.ts';

const sha256 = 'cd'.repeat(32);
const UNTIL = '2026-12-01T00:00:00Z';

it('makes keys that differ, and digests that are theirs', () => {
  const keys = Array.from({ length: 50 }, newKey);
  expect(new Set(keys.map(({ key }) => key)).size).toBe(50);
  for (const each of keys) expect(each.sha256).toBe(hash('sha256', each.key, 'hex'));
});

it.each([
  ['no keys', 'consumers:\n  - name: shop\n', 'k1'],
  ['an empty list', 'consumers:\n  - name: shop\n    keys: []\n', 'k1'],
  ['a list in a line', 'consumers: [{ name: shop, keys: [{ id: k1, sha256: "${KEY}" }] }]\n', 'k2'],
  [
    'a list of lines',
    'consumers:\n  - name: shop\n    keys:\n      - id: k1\n        sha256: x\n      - id: k7\n',
    'k8',
  ],
  ['names of its own', 'consumers:\n  - name: shop\n    keys: [{ id: old }]\n', 'k1'],
])('a key is added to %s', (_what, text, id) => {
  const { text: changed, entry } = withKey(text, { consumer: 'shop', sha256, now: 0 });
  expect(entry).toEqual({ id, sha256 });
  expect(writtenKeys(changed)).toEqual([...writtenKeys(text), { consumer: 'shop', id }]);
});

it('what a rotation ends is every older key that would have lasted longer', () => {
  const text = `consumers:
  - name: shop
    keys:
      - { id: k1, sha256: a }
      - { id: k2, sha256: b, expires: 2026-11-24T00:00:00Z }   # sooner
      - { id: k3, sha256: c, expires: 2027-01-01T00:00:00Z }
  - name: bot
    keys: [{ id: k1, sha256: d }]
`;
  const {
    text: changed,
    ended,
    entry,
  } = rotatedKey(text, { consumer: 'shop', sha256, until: UNTIL, now: 0 });
  expect(ended).toEqual(['k1', 'k3']);
  expect(entry.id).toBe('k4');
  expect(writtenKeys(changed).map(({ consumer, id, expires }) => [consumer, id, expires])).toEqual([
    ['shop', 'k1', UNTIL],
    ['shop', 'k2', '2026-11-24T00:00:00Z'],
    ['shop', 'k3', UNTIL],
    ['shop', 'k4', undefined],
    ['bot', 'k1', undefined],
  ]);
  expect(changed).toContain('# sooner');
  expect(writtenKeys(withoutKey(changed, 'shop', 'k2')).map(({ id }) => id)).toEqual([
    'k1',
    'k3',
    'k4',
    'k1',
  ]);
});

it('a rotation leaves keys alone that have not begun', () => {
  const text = `consumers:
  - name: shop
    keys:
      - { id: k1, sha256: a, notBefore: 2026-11-01T00:00:00Z }
      - { id: k2, sha256: b, notBefore: 2027-01-01T00:00:00Z }
`;
  const now = Date.parse('2026-11-20T00:00:00Z');
  const options = { consumer: 'shop', sha256, until: UNTIL, now };
  const { text: changed, ended } = rotatedKey(text, options);
  expect(ended).toEqual(['k1']);
  expect(writtenKeys(changed).map(({ id, expires }) => [id, expires])).toEqual([
    ['k1', UNTIL],
    ['k2', undefined],
    ['k3', undefined],
  ]);
  expect(() => rotatedKey(text, { ...options, oldId: 'k2' })).toThrow('"k2" has not begun');
});

it('a rotation that would have been over long ago is refused: it would shut out everybody at once', () => {
  const text = 'consumers: [{ name: shop, keys: [{ id: k1, sha256: a }] }]\n';
  const now = Date.parse(UNTIL);
  const options = { consumer: 'shop', sha256, now };
  expect(() => rotatedKey(text, { ...options, until: '2001-07-01T00:00:00Z' })).toThrow(
    'would have ended already',
  );
  expect(rotatedKey(text, { ...options, until: UNTIL }).ended).toEqual(['k1']);
});

it.each([
  ['consumers: [', /not valid YAML/],
  ['version: 1', /there is no consumer "shop"/],
  ['base: &k [{ id: k1 }]\nconsumers: [{ name: shop, keys: *k }]', /the file can't be changed/],
])('says why %j can not be changed', (text, reason) => {
  expect(() => withKey(text, { consumer: 'shop', sha256, now: 0 })).toThrow(reason);
});
