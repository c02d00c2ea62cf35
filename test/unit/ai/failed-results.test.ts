// That a tool failed is known to the model, also where its result is text alone: else it takes the error for what was asked.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import { sent, service } from '../../helpers/translation.ts';

const text = (said: string) => ({ type: 'text', text: said });
const asked = (content: unknown, failed = true) => ({
  max_tokens: 9,
  messages: [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'read', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content, is_error: failed }] },
  ],
});
const told = (to: Parameters<typeof sent>[1], content: unknown, failed?: boolean): unknown =>
  (sent('anthropic-messages', to, asked(content, failed)).messages as JsonObject[]).at(-1)?.content;

describe.each([
  ['OpenAI', service('openai')],
  ['a server of open models', service('vllm')],
  ['Cohere', cohere],
] as const)('to %s', (_, to) => {
  it.each([
    ['a text', 'ENOENT', 'The tool failed.\nENOENT'],
    ['a part', [text('ENOENT')], 'The tool failed.\nENOENT'],
    ['nothing', [], 'The tool failed.'],
    ['an empty text', '', 'The tool failed.'],
  ])('%s', (_what, content, said) => {
    expect(told(to, content)).toBe(said);
  });

  it('and only of those that did', () => {
    expect(told(to, 'ENOENT', false)).toBe('ENOENT');
  });
});

it('once, where the result has several parts', () => {
  const parts = [text('ENOENT'), text('/a')];
  expect(told(service('openai'), parts)).toEqual([text('The tool failed.\nENOENT'), text('/a')]);
  expect(told(cohere, parts)).toBe('The tool failed.\nENOENT/a');
});

it('who has a field for it is told there', () => {
  expect(told(anthropic, 'ENOENT')).toMatchObject([{ is_error: true, content: [text('ENOENT')] }]);
});
