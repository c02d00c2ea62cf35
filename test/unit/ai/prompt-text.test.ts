import { expect, it } from 'vitest';
import { promptText } from '../../../src/ai/prompt-text.ts';

const textOf = (body: object) => promptText(Buffer.from(JSON.stringify(body)));

it('takes roles, names, contents, tool calls and tools', () => {
  const calls = [{ function: { name: 'find', arguments: '{}' } }];
  const tools = [{ type: 'function', function: { name: 'find' } }];
  const { text, messages } = textOf({
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        name: 'Ann',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'data:xxxx' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: calls },
    ],
    tools,
  });
  expect(messages).toBe(3);
  expect(text).toBe(
    [
      'system',
      'Be brief.',
      'user',
      'Ann',
      'What is it?',
      'assistant',
      JSON.stringify(calls),
      JSON.stringify(tools),
    ].join('\n'),
  );
});

it('reads the inputs of other formats', () => {
  expect(textOf({ input: ['one', 'two'] }).text).toBe('one\ntwo');
  expect(textOf({ instructions: 'Be brief.', input: 'Hi' }).text).toBe('Be brief.\nHi');
  const items = [
    { type: 'function_call', arguments: '{}' },
    { type: 'function_call_output', output: 'ok' },
  ];
  expect(textOf({ input: items }).text).toBe('{}\nok');
  const blocks = [
    { type: 'tool_use', input: { a: 1 } },
    { type: 'tool_result', content: 'done' },
  ];
  expect(textOf({ system: 'S', messages: [{ role: 'user', content: blocks }] }).text).toBe(
    'S\nuser\n{"a":1}\ndone',
  );
});

it('passes over what is no message', () => {
  expect(
    textOf({ messages: [null, 5, true, [], { content: 7 }, { content: [null, 5, { text: 8 }] }] }),
  ).toEqual({
    text: '\n\n\n\n\n',
    messages: 6,
  });
});

it('passes over what is nested too deep to be written', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const body = `{"messages":[{"role":"user","content":"Hello","tool_calls":${deep}}],"tools":${deep}}`;
  expect(promptText(Buffer.from(body)).text).toBe('user\nHello\n\n');
});
