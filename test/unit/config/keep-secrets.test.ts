import { expect, it } from 'vitest';
import { keepSecrets } from '../../../src/config/keep-secrets.ts';
import { maskText } from '../../../src/config/mask.ts';

const BEFORE = `version: 1
store: { url: "redis://user:word@127.0.0.1:1" }
consumers:
  - { name: a, keys: [{ id: k1, sha256: "\${A_KEY:-aa}" }] }
  - name: b
    keys: [{ id: k1, sha256: 'bb' }]
ai:
  providers:
    one: { kind: openai, apiKey: first-key }
    two:
      kind: openai
      apiKey: second-key
`;
const SHOWN = maskText(BEFORE);

it('a shown text that is edited elsewhere has its secrets as they were written', () => {
  for (const secret of ['aa}', "'bb'", 'first-key', 'second-key', 'user:word']) {
    expect(BEFORE).toContain(secret);
    expect(SHOWN).not.toContain(secret);
  }
  expect(keepSecrets(SHOWN, BEFORE)).toBe(BEFORE);
  const edit = (text: string): string =>
    `# mine\n${text.replace('kind: openai', 'kind: openai, x: 1')}y: 2\n`;
  expect(keepSecrets(edit(SHOWN), BEFORE)).toBe(edit(BEFORE));
});

it('a secret goes with the name of what it belongs to, wherever that stands now, and to nobody else', () => {
  const items = (text: string): string[] => text.split(/(?= {2}- )|(?=ai:)/);
  const turned = (text: string): string => {
    const [head, a, b, tail] = items(text);
    return `${head}${b}${a}${tail}`;
  };
  expect(keepSecrets(turned(SHOWN), BEFORE)).toBe(turned(BEFORE));

  const renamed = keepSecrets(SHOWN.replace('name: a', 'name: c').replace('two:', 'three:'), BEFORE);
  expect(renamed).toContain('{ name: c, keys: [{ id: k1, sha256: "${A_KEY:-***}" }] }');
  expect(renamed).toMatch(/three:\n +kind: openai\n +apiKey: \*\*\*\n/);
  expect(renamed).toContain("'bb'");
  expect(renamed).toContain('first-key');
});

it('a mask that is not as it was shown, or stands in no YAML, stays', () => {
  const other = SHOWN.replace('${A_KEY:-***}', '${B_KEY:-***}');
  expect(keepSecrets(other, BEFORE)).toContain('${B_KEY:-***}');
  expect(keepSecrets(`${SHOWN}a: [`, BEFORE)).toBe(`${SHOWN}a: [`);
});
