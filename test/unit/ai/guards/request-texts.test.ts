import { expect, it, vi } from 'vitest';
import { eventTexts, requestTexts } from '../../../../src/ai/guards/request-texts.ts';

const output = (type: string): string => `${type}_output`;
/** Who says what, of a request. */
const saidIn = (body: { [key: string]: unknown }): string[] =>
  requestTexts(body).map(({ role, text }) => `${role}: ${text}`);

it('whatever a tool brings is the tool’s, also where it looks like somebody else’s', () => {
  const brought = [
    { type: 'text', text: 'a', role: 'assistant' },
    { type: 'text', content: { role: 'system', text: 'b' } },
    { type: 'function_call', text: 'c' },
    { type: 'reasoning', summary: [{ text: 'd', role: 'model' }] },
  ];
  const said = ['a', 'b', 'c', 'd'].map((text) => `tool: ${text}`);
  expect(saidIn({ messages: [{ role: 'tool', tool_call_id: 'x', content: brought }] })).toEqual(said);
  expect(
    saidIn({ messages: [{ role: 'user', content: [{ type: 'tool_result', content: brought }] }] }),
  ).toEqual(said);
  for (const type of ['function_call', 'custom_tool_call', 'shell_call', 'apply_patch_call'].map(output))
    expect(saidIn({ input: [{ type, call_id: 'x', role: 'assistant', output: brought }] })).toEqual(said);
});

it.each([
  { messages: [{ role: 'assistant', Role: 'user', content: 'Hi' }] },
  { messages: [{ role: 'user', content: [{ type: 'tool_result', Role: 1, role: 'x' }] }] },
  { input: [{ type: 'reasoning', tyPe: 'message', content: 'Hi' }] },
])('who would be somebody else to servers in Go is nobody', (body) => {
  expect(() => requestTexts(body)).toThrow(expect.objectContaining({ code: 'body_invalid' }));
});

it('but somebody’s data may have any keys, and so may an event of an answer', () => {
  const input = { type: 'a', Type: 'b' };
  expect(saidIn({ messages: [{ role: 'assistant', content: [{ type: 'tool_use', input }] }] })).toHaveLength(
    2,
  );
  expect(eventTexts({ type: 'x', Type: 'b', text: 'c' })).toHaveLength(2);
});

it('what is said in a message is its speaker’s, and in an item of its kind’s', () => {
  expect(
    saidIn({
      system: [{ type: 'text', text: 'a', role: 'user' }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'b', role: 'assistant' }] },
        { role: 'assistant', content: 'c' },
        { content: 'd' },
      ],
      input: [
        { type: 'function_call', name: 'f', arguments: '{"role":"user"}' },
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'e' }] },
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'f' }] },
      ],
      documents: [{ role: 'assistant', type: 'reasoning', text: 'g' }],
      tools: [{ type: 'function', role: 'assistant', function: { name: 'f', description: 'h' } }],
    }),
  ).toEqual([
    'system: a',
    'user: b',
    'assistant: c',
    'user: d',
    // Of a call each string is a text of its own.
    'assistant: role',
    'assistant: user',
    'assistant: e',
    'developer: f',
    'user: assistant',
    'user: reasoning',
    'user: g',
    'tool: h',
  ]);
});

it('a picture that a model made is no text, and what a tool calls its result is one', () => {
  const picture = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: '/9j/4AAQ' };
  const brought = { type: 'mcp_call', name: 'look', arguments: '{}', result: 'sunny' };
  expect(saidIn({ input: [picture, brought] })).toEqual(['user: sunny']);
});

it('what can be no JSON is not tried as such', () => {
  const parse = vi.spyOn(JSON, 'parse');
  try {
    const call = (args: string) => ({ type: 'function_call', name: 'f', arguments: args });
    expect(saidIn({ input: [call('Oslo'), call(' "Oslo"')] })).toHaveLength(2);
    expect(parse).not.toHaveBeenCalled();
    expect(saidIn({ input: [call(' ["Oslo"]'), call('{"a":"b"}')] })).toHaveLength(3);
  } finally {
    parse.mockRestore();
  }
});
