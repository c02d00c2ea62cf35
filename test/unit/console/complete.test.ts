import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { complete, type Schema } from '../../../src/console/app/lib/complete.ts';

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../config/gateway.schema.json'), 'utf8'),
) as Schema;

/** What is offered at the `|` of a text. */
const offered = (text: string): string[] => {
  const caret = text.indexOf('|');
  return complete(text.replace('|', ''), caret, schema).choices.map(({ label }) => label);
};

it('offers keys and values of the place at which the caret is', () => {
  expect(offered('up|')).toEqual(['upstreams']);
  expect(offered('routes:\n  - na|')).toEqual(['name']);
  expect(offered('routes:\n  - name: a\n    match:\n      pa|')).toEqual(['path']);
  // A list's items may stand as deep as its key; comments and other items say nothing about the place.
  expect(offered('routes:\n- name: a\n  # up:\n  match: { path: / }\n- name: b\n  upst|')).toEqual([
    'upstream',
  ]);
  expect(offered('upstreams:\n  shop:\n    bal|')).toEqual(['balance']);
  expect(offered('upstreams:\n  shop:\n    balance: r|')).toEqual(['round-robin', 'random']);
  expect(offered('routes:\n  - name: a\n    policies:\n      - rate-l|')).toEqual(['rate-limit']);
  expect(offered('routes:\n  - name: a\n    policies:\n      - rate-limit:\n          wind|')).toEqual([
    'window',
  ]);
  expect(offered('hypercare:\n  enabled: |')).toEqual(['true', 'false']);
  expect(offered('nothing:\n  like: |')).toEqual([]);
});

it('puts in what goes on: a block below its key, a value beside it', () => {
  const [upstreams] = complete('ups', 3, schema).choices;
  expect(upstreams).toMatchObject({ insert: 'upstreams:\n  ' });
  const { from, choices } = complete('hypercare:\n  tic', 16, schema);
  expect([from, choices[0]?.insert]).toEqual([13, 'tick: ']);
});
