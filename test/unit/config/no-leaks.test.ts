import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isScalar, parseDocument, type Scalar, visit } from 'yaml';
import { problems } from './stories.ts';

const EXAMPLE = readFileSync(join(import.meta.dirname, '../../fixtures/config/gateway.example.yaml'), 'utf8');

function scalars(text: string) {
  const doc = parseDocument(text);
  const values: Scalar[] = [];
  visit(doc, {
    Scalar(at, node) {
      if (at !== 'key') values.push(node);
    },
  });
  return { doc, values };
}

const COUNT = scalars(EXAMPLE).values.length;

it('wherever variables stand, no problem repeats what they hold', () => {
  const secret = fc.constantFrom(
    'zq9secret',
    '9876501234',
    '-98765',
    '98765s',
    'http://zq9secret',
    'zq9 secret/*',
    '98765%',
  );
  const places = fc.uniqueArray(fc.nat(COUNT - 1), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(places, fc.boolean(), secret, (chosen, quoted, S) => {
      const { doc, values } = scalars(EXAMPLE);
      for (const at of chosen) {
        const node = values[at];
        if (!isScalar(node)) continue;
        node.value = '${S}';
        node.type = quoted ? 'QUOTE_DOUBLE' : 'PLAIN';
      }
      const found = problems(doc.toString(), { S }).join('\n');
      expect(found).not.toContain('zq9');
      expect(found).not.toContain('9876');
    }),
    { numRuns: 300 },
  );
}, 60_000);
