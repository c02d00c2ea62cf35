import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { PatchError, type PatchOperation, patchText } from '../../../src/config/json-patch.ts';

const TEXT = `# the shop
version: 1
upstreams:
  # two of them
  shop:
    targets:
      - { url: "http://127.0.0.1:1", weight: 1 } # the old one
      - { url: "http://127.0.0.1:2" }
ai:
  prompts:
    p: { model: m, version: 1, versions: { 1: { messages: [] } } }
log: { level: "\${LEVEL:-info}" } # loud enough
`;

const patched = (...operations: PatchOperation[]): string => patchText(TEXT, operations);

it('what a patch does not touch stays as it is written, with its comments', () => {
  expect(patched({ op: 'replace', path: '/upstreams/shop/targets/0/weight', value: 5 })).toBe(
    TEXT.replace('weight: 1', 'weight: 5'),
  );
});

it('lines that do not change are not touched, whatever their spacing', () => {
  const text = `version:   1
upstreams:
  shop: { targets: [{url: "http://127.0.0.1:1"}] }   # one

  other:
    targets:   [ {url: 'http://127.0.0.1:2'} ]
routes:
  - {name: things,   match: {path: /things}, upstream: shop}
`;
  const add: PatchOperation = { op: 'add', path: '/log', value: { level: 'warn' } };
  expect(patchText(text, [add])).toBe(`${text}log:\n  level: warn\n`);
  const replaced = patchText(text, [{ op: 'replace', path: '/routes/0/upstream', value: 'other' }]);
  expect(replaced.split('\n').slice(0, 7)).toEqual(text.split('\n').slice(0, 7));
  expect(replaced).toContain('upstream: other');
});

it('a text that is indented in another way means the same after a change', () => {
  const text =
    'version: 1\nroutes:\n- name: a\n  match:\n      path: /a\n- name: b\n  match:\n      path: /b\n';
  const patchedText = patchText(text, [
    { op: 'add', path: '/routes/1', value: { name: 'c', match: { path: '/c' } } },
    { op: 'add', path: '/routes/0/match/host', value: 'x' },
  ]);
  expect(parse(patchedText)).toEqual({
    version: 1,
    routes: [
      { name: 'a', match: { path: '/a', host: 'x' } },
      { name: 'c', match: { path: '/c' } },
      { name: 'b', match: { path: '/b' } },
    ],
  });
});

it('adds to maps and lists, also at their end', () => {
  const targets = '/upstreams/shop/targets';
  const text = patched(
    { op: 'add', path: `${targets}/-`, value: { url: 'http://127.0.0.1:3' } },
    { op: 'add', path: `${targets}/0`, value: { url: 'http://127.0.0.1:0' } },
    { op: 'add', path: '/store', value: { url: 'memory:' } },
    { op: 'add', path: '/version', value: 2 },
  );
  const value = parse(text) as Record<string, never>;
  expect(value).toMatchObject({ version: 2, store: { url: 'memory:' } });
  expect(
    (value as unknown as { upstreams: { shop: { targets: { url: string }[] } } }).upstreams.shop.targets.map(
      ({ url }) => url.slice(-1),
    ),
  ).toEqual(['0', '1', '2', '3']);
  expect(text).toContain('# two of them');
});

it('removes, moves, copies and tests', () => {
  const text = patched(
    { op: 'test', path: '/log/level', value: '${LEVEL:-info}' },
    { op: 'copy', from: '/upstreams/shop', path: '/upstreams/copy' },
    { op: 'move', from: '/upstreams/shop', path: '/upstreams/other~1name' },
    { op: 'remove', path: '/upstreams/copy/targets/0' },
    { op: 'remove', path: '/ai/prompts/p/versions/1' },
  );
  expect(parse(text)).toMatchObject({
    upstreams: {
      copy: { targets: [{ url: 'http://127.0.0.1:2' }] },
      'other/name': { targets: [{ weight: 1 }, {}] },
    },
    ai: { prompts: { p: { versions: {} } } },
  });
});

it.each<[string, PatchOperation, string]>([
  ['a test that fails', { op: 'test', path: '/version', value: 2 }, 'the value there is another'],
  ['nothing to replace', { op: 'replace', path: '/routes/0', value: 1 }, 'there is nothing'],
  ['nothing to remove', { op: 'remove', path: '/upstreams/shop/targets/2' }, 'the list has no place "2"'],
  ['a place beyond the end', { op: 'add', path: '/upstreams/shop/targets/3', value: {} }, 'no place "3"'],
  ['a leading zero', { op: 'replace', path: '/upstreams/shop/targets/00', value: {} }, 'no place "00"'],
  ['a parent that is a value', { op: 'add', path: '/version/x', value: 1 }, 'no map and no list'],
  ['into itself', { op: 'move', from: '/upstreams', path: '/upstreams/shop/x' }, 'into itself'],
  ['the whole', { op: 'remove', path: '' }, 'can not be removed'],
  ['no pointer', { op: 'remove', path: 'version' }, 'begins with "/"'],
  ['a prototype', { op: 'replace', path: '/__proto__/x', value: 1 }, 'there is nothing'],
])('refuses %s, and says which operation', (_name, operation, message) => {
  const error = (() => {
    try {
      patched({ op: 'test', path: '/version', value: 1 }, operation);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(PatchError);
  expect(error).toMatchObject({ index: 1, path: operation.path });
  expect((error as Error).message).toContain(message);
});

it('does not change through an alias what stands elsewhere too', () => {
  const text = 'a: &x { k: 1 }\nb: *x\n';
  expect(() => patchText(text, [{ op: 'replace', path: '/b/k', value: 2 }])).toThrow('alias');
  expect(patchText(text, [{ op: 'replace', path: '/b', value: { k: 2 } }])).toBe(
    'a: &x { k: 1 }\nb:\n  k: 2\n',
  );
});
