import type { Tool } from '@modelcontextprotocol/server';
import { expect, it } from 'vitest';
import { isSameExecution, naturalOutput, toolDigest } from '../../../src/mcp/pins/tool-digest.ts';

const tool = (more: object): Tool => ({ name: 'x', inputSchema: { type: 'object' }, ...more }) as Tool;
const wrapped = (result: object) => ({ type: 'object', properties: { result }, required: ['result'] });

it('an output that 2025-11-25 has as a field of an object is what it is in 2026-07-28, with its references', () => {
  const natural = { type: 'array', items: { $ref: '#/$defs/a' }, $defs: { a: { items: { $ref: '#' } } } };
  const older = {
    type: 'array',
    items: { $ref: '#/properties/result/$defs/a' },
    $defs: { a: { items: { $ref: '#/properties/result' } } },
  };
  expect(naturalOutput(wrapped(older))).toEqual(natural);
  expect(toolDigest(tool({ outputSchema: wrapped(older) }))).toBe(
    toolDigest(tool({ outputSchema: natural })),
  );
});

it.each([
  ['another field', { ...wrapped({ type: 'array' }), properties: { result: { type: 'array' }, more: {} } }],
  ['another word', { ...wrapped({ type: 'array' }), additionalProperties: false }],
  ['an object in it', wrapped({ type: 'object' })],
])('one with %s is its own', (_, schema) => {
  expect(naturalOutput(schema)).toBe(schema);
});

it('what only one revision says is held against the other where both say it, all else is in the digest', () => {
  const [may, must] = ['optional', 'required'].map((taskSupport) => tool({ execution: { taskSupport } }));
  expect(isSameExecution(may as Tool, tool({}))).toBe(true);
  expect(isSameExecution(may as Tool, must as Tool)).toBe(false);
  for (const more of [{ title: 'y' }, { annotations: {} }, { icons: [] }, { _meta: {} }, { own: 1 }])
    expect(toolDigest(tool(more))).not.toBe(toolDigest(tool({})));
});
