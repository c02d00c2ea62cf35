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
    media: { pictures: 0, sound: 0, files: 0 },
  });
});

it('passes over what is nested too deep to be written', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const body = `{"messages":[{"role":"user","content":"Hello","tool_calls":${deep}}],"tools":${deep}}`;
  expect(promptText(Buffer.from(body)).text).toBe('user\nHello\n\n');
});

const data = 'A'.repeat(40_000);
const spoken = { type: 'input_audio', input_audio: { data, format: 'mp3' } };
it.each([
  ['OpenAI’s picture', { type: 'image_url', image_url: { url: 'https://x/y.png' } }, { pictures: 1600 }],
  [
    'one to be glanced at',
    { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
    { pictures: 85 },
  ],
  [
    'of its responses',
    { type: 'input_image', image_url: 'https://x/y.png', detail: 'low' },
    { pictures: 85 },
  ],
  ['Anthropic’s', { type: 'image', source: { type: 'base64', data } }, { pictures: 1600 }],
  ['in a tool’s result', { type: 'tool_result', content: [{ type: 'image' }] }, { pictures: 1600 }],
  ['Bedrock’s', { image: { format: 'png', source: { bytes: data } } }, { pictures: 1600 }],
  ['Gemini’s', { inlineData: { mimeType: 'image/png', data } }, { pictures: 1600 }],
  ['OpenAI’s sound', spoken, { sound: 19 }],
  ['Gemini’s, by its name', { fileData: { mimeType: 'audio/mp3', fileUri: 'u' } }, { sound: 300 }],
  ['OpenAI’s file', { type: 'file', file: { file_data: data } }, { files: 1500 }],
  ['of its responses', { type: 'input_file', file_data: data }, { files: 1500 }],
  ['by its name', { type: 'input_file', file_id: 'f' }, { files: 1500 }],
  ['Anthropic’s', { type: 'document', source: { type: 'base64', data } }, { files: 1500 }],
  ['Bedrock’s', { document: { format: 'pdf', source: { bytes: data } } }, { files: 1500 }],
  ['Gemini’s', { inline_data: { mime_type: 'application/pdf', data } }, { files: 1500 }],
])('what is no text is something all the same: %s', (_what, part, tokens) => {
  const { media } = textOf({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }, part] }] });
  expect(media).toEqual({ pictures: 0, sound: 0, files: 0, ...tokens });
});

it('a document that is a text is one', () => {
  const document = { type: 'document', source: { type: 'text', data: 'Once upon a time' } };
  expect(textOf({ messages: [{ role: 'user', content: [document] }] })).toMatchObject({
    text: 'user\nOnce upon a time',
    media: { files: 0 },
  });
});

it('reads Gemini’s own words', () => {
  const body = {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [
      { role: 'user', parts: [{ text: 'Hi' }, { inlineData: { mimeType: 'image/png', data: 'A' } }] },
      { role: 'model', parts: [{ functionCall: { name: 'find', args: {} } }] },
    ],
  };
  expect(textOf(body)).toEqual({
    text: 'Be brief.\nuser\nHi\nmodel\n{"name":"find","args":{}}',
    messages: 2,
    media: { pictures: 1600, sound: 0, files: 0 },
  });
});
