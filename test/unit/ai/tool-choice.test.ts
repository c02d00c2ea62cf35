// OpenAI's clients may allow some of the tools that they mention: no other vendor is told of one that may not be called.
import { expect, it } from 'vitest';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import { refusedField, sent, service } from '../../helpers/translation.ts';

const FORMATS = ['openai-chat', 'openai-responses'] as const;

function asked(from: FormatName, names: readonly string[], mode: string): object {
  const tool = (name: string, spec: object = {}) =>
    from === 'openai-chat'
      ? { type: 'function', function: { name, ...spec } }
      : { type: 'function', name, ...spec };
  const allowed = { mode, tools: names.map((name) => tool(name)) };
  return {
    ...(from === 'openai-chat' ? { messages: [{ role: 'user', content: 'Hi' }] } : { input: 'Hi' }),
    tools: ['look', 'walk', 'talk'].map((name) => tool(name, { parameters: { type: 'object' } })),
    tool_choice:
      from === 'openai-chat'
        ? { type: 'allowed_tools', allowed_tools: allowed }
        : { type: 'allowed_tools', ...allowed },
  };
}

it.each(FORMATS)('in %s', (from) => {
  const some = asked(from, ['look', 'talk'], 'required');
  expect(sent(from, anthropic, some)).toMatchObject({
    tools: [{ name: 'look' }, { name: 'talk' }],
    tool_choice: { type: 'any' },
  });
  expect(sent(from, gemini, some)).toMatchObject({
    tools: [{ functionDeclarations: [{ name: 'look' }, { name: 'talk' }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY' } },
  });
  expect(sent(from, service('deepseek'), asked(from, ['walk'], 'auto'))).toMatchObject({
    tools: [{ function: { name: 'walk' } }],
    tool_choice: 'auto',
  });
});

it.each(FORMATS)('none, in %s, is a request without tools', (from) => {
  const none = sent(from, service('openai'), asked(from, [], 'auto'));
  expect([none.tools, none.tool_choice]).toEqual([undefined, undefined]);
});

it.each([{ names: [] }, { names: ['run'] }])('where one of none ($names) is to be called that is refused', ({
  names,
}) => {
  const place = (from: FormatName) => refusedField(from, anthropic, asked(from, names, 'required'));
  expect(FORMATS.map(place)).toEqual(['tool_choice.allowed_tools', 'tool_choice']);
});

it('a word of its provider’s own is refused by its name', () => {
  const body = { messages: [{ role: 'user', content: 'Hi' }], tool_choice: 'any' };
  expect(refusedField('openai-chat', anthropic, body)).toBe('tool_choice');
});

it('a tool of OpenAI’s own among them is refused by its place', () => {
  const tool_choice = { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'image_generation' }] };
  const body = { input: 'Hi', tools: [{ type: 'function', name: 'look' }], tool_choice };
  expect(refusedField('openai-responses', anthropic, body)).toBe('tool_choice.tools[0]');
});
