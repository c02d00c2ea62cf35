// Texts of nothing, or of nothing but space: OpenAI takes them, others refuse the conversation that holds one, for ever.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import { gemini } from '../../../../src/ai/providers/gemini.ts';
import type { Provider } from '../../../../src/contracts/provider.ts';
import { convert, refusedField } from '../../../helpers/translate.ts';

const CLAUDE = 'anthropic.claude-haiku-4-5-20251001-v1:0';
const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } };
const tools = [{ type: 'function', function: { name: 'look' } }];
const cache_control = { type: 'ephemeral' };
const BLANKS = [
  { role: 'system', content: '' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'Hi' },
      { type: 'text', text: '', cache_control },
    ],
  },
  { role: 'assistant', content: '\n\n', tool_calls: [call] },
  { role: 'tool', tool_call_id: 'a', content: '' },
  { role: 'user', content: ' ' },
];

it('Anthropic hears only what is said, and the mark for its cache stays', () => {
  expect(convert('openai-chat', anthropic, { messages: BLANKS, tools }, 'claude-haiku-4-5')).toMatchObject({
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [] }] },
    ],
  });
  expect(convert('openai-chat', anthropic, { messages: BLANKS, tools }, 'm')).not.toHaveProperty('system');
});

it('Bedrock hears only what is said, and that a tool said nothing', () => {
  const sent = convert('openai-chat', bedrock, { messages: BLANKS, tools }, CLAUDE);
  expect(sent.messages).toEqual([
    { role: 'user', content: [{ text: 'Hi' }, { cachePoint: { type: 'default' } }] },
    { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'look', input: {} } }] },
    { role: 'user', content: [{ toolResult: { toolUseId: 'a', content: [{ text: '(no output)' }] } }] },
  ]);
  expect(sent).not.toHaveProperty('system');
});

it('Gemini is not told of white space beside a call', () => {
  const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } };
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: '\n\n', tool_calls: [call] },
    { role: 'tool', tool_call_id: 'a', content: 'seen' },
  ];
  const { contents } = convert('openai-chat', gemini, { messages }) as { contents: { parts: object[] }[] };
  expect(contents[1]?.parts.map((part) => Object.keys(part)[0])).toEqual(['functionCall']);
});

it('Gemini hears only what is said', () => {
  const messages = [
    { role: 'system', content: '' },
    {
      role: 'user',
      content: [
        { type: 'text', text: '' },
        { type: 'text', text: 'Hi' },
      ],
    },
  ];
  expect(convert('openai-chat', gemini, { messages })).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
  });
});

it.each<[string, Provider, string, object]>([
  ['Anthropic', anthropic, 'm', { content: [{ type: 'text', text: 'The tool failed.' }], is_error: true }],
  [
    'Bedrock',
    bedrock,
    CLAUDE,
    { toolResult: { toolUseId: 'a', content: [{ text: 'The tool failed.' }], status: 'error' } },
  ],
])('a failure that a tool has no words for is told in ours (%s)', (_, to, model, told) => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', is_error: true, content: '' }] },
  ];
  const asked = { max_tokens: 9, messages, tools: [{ name: 'look', input_schema: { type: 'object' } }] };
  const [, , { content: [result] = [] } = {}] = convert('anthropic-messages', to, asked, model).messages as {
    content?: object[];
  }[];
  expect(result).toMatchObject(told);
});

describe.each<[string, Provider]>([
  ['Anthropic', anthropic],
  ['Bedrock', bedrock],
  ['Gemini', gemini],
])('a user who says nothing to %s', (_, to) => {
  const hello = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello!' },
  ];

  it.each<[string, object[]]>([
    ['messages[0]', [{ role: 'user', content: '' }]],
    ['messages[2]', [...hello, { role: 'user', content: ' ' }]],
    ['messages[2]', [...hello, { role: 'user', content: '' }, { role: 'assistant', content: 'Well?' }]],
  ])('is refused by the place: %s', (field, messages) => {
    expect(refusedField('openai-chat', to, { messages })).toBe(field);
  });

  it('is passed over beside other words of the user’s', () => {
    const messages = [...hello, { role: 'user', content: '' }, { role: 'user', content: 'Why?' }];
    expect(refusedField('openai-chat', to, { messages })).toBe('nothing');
  });
});
