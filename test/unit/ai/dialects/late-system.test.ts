// What the system says in the middle of a conversation, at models that take it there and at those that don't.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import { gemini } from '../../../../src/ai/providers/gemini.ts';
import type { FormatName } from '../../../../src/contracts/format.ts';
import type { Provider } from '../../../../src/contracts/provider.ts';
import { convert } from '../../../helpers/translate.ts';

interface Turn {
  role: string;
  content?: { type?: string; text?: string }[];
  parts?: { text?: string }[];
}
const said = (role: string, content: string) => ({ role, content });
const LATE = '<system>\nBe brief.\n</system>';

/** Who speaks, and what. */
function heard(from: FormatName, to: Provider, messages: readonly object[], model: string) {
  const sent = convert(from, to, { max_tokens: 9, messages }, model);
  const turns = (sent.messages ?? sent.contents) as Turn[];
  return turns.map(({ role, content, parts }) => [role, ...(content ?? parts ?? []).map(({ text }) => text)]);
}

const AT_EACH: readonly (readonly [string, Provider, string, string])[] = [
  ['Bedrock', bedrock, 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'assistant'],
  ['Bedrock, of any maker', bedrock, 'meta.llama3-70b-instruct-v1:0', 'assistant'],
  ['Gemini', gemini, 'gemini-2.5-flash', 'model'],
  ['an older model of Anthropic’s', anthropic, 'claude-sonnet-4-5', 'assistant'],
  ['Opus 4.7', anthropic, 'claude-opus-4-7', 'assistant'],
  ['Opus 4 by its date', anthropic, 'claude-opus-4-20250514', 'assistant'],
];

describe.each(AT_EACH)('at %s', (_, to, model, assistant) => {
  it.each<FormatName>(['anthropic-messages', 'openai-chat'])('is marked in the user’s turn (%s)', (from) => {
    const messages = [
      said('user', 'Hi'),
      said('assistant', 'Hello!'),
      said('system', 'Be brief.'),
      said('user', 'Why?'),
    ];
    expect(heard(from, to, messages, model)).toEqual([
      ['user', 'Hi'],
      [assistant, 'Hello!'],
      ['user', LATE, 'Why?'],
    ]);
  });

  it('follows what the user has just said', () => {
    const messages = [said('user', 'Hi'), said('system', 'Be brief.')];
    expect(heard('anthropic-messages', to, messages, model)).toEqual([['user', 'Hi', LATE]]);
  });

  it('is nothing where it says nothing', () => {
    const messages = [said('user', 'Hi'), said('system', ' ')];
    expect(heard('anthropic-messages', to, messages, model)).toEqual([['user', 'Hi']]);
  });
});

it.each([
  'claude-opus-4-8',
  'claude-opus-4-8@20260528',
  'claude-opus-5',
  'claude-sonnet-5-5',
  'claude-fable-5-1',
])('at %s it stays the system’s behind the user’s turn', (model) => {
  const messages = [
    said('user', 'Hi'),
    said('system', 'Be brief.'),
    said('system', 'Be kind.'),
    said('assistant', 'Hello!'),
    said('user', 'Why?'),
    said('system', 'Be brief.'),
  ];
  expect(heard('anthropic-messages', anthropic, messages, model)).toEqual([
    ['user', 'Hi'],
    ['system', 'Be brief.', 'Be kind.'],
    ['assistant', 'Hello!'],
    ['user', 'Why?'],
    ['system', 'Be brief.'],
  ]);
});

it.each<[string, object[], unknown[]]>([
  ['before all others', [said('system', 'Be brief.'), said('user', 'Hi')], [['user', LATE, 'Hi']]],
  [
    'behind an answer',
    [said('user', 'Hi'), said('assistant', 'Hello!'), said('system', 'Be brief.'), said('user', 'Why?')],
    [
      ['user', 'Hi'],
      ['assistant', 'Hello!'],
      ['user', LATE, 'Why?'],
    ],
  ],
  [
    'before more of the user’s',
    [said('user', 'Hi'), said('system', 'Be brief.'), said('user', 'Why?')],
    [['user', 'Hi', LATE, 'Why?']],
  ],
])('%s no model takes it, and it is the user’s there too', (_, messages, turns) => {
  expect(heard('anthropic-messages', anthropic, messages, 'claude-opus-5')).toEqual(turns);
});

it.each<[string, Provider, string]>([
  ['Anthropic', anthropic, 'claude-haiku-4-5'],
  ['Bedrock', bedrock, 'anthropic.claude-haiku-4-5-20251001-v1:0'],
])('between a call and its result it is heard after the result (%s)', (_, to, model) => {
  const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } };
  const messages = [
    said('user', 'Hi'),
    { role: 'assistant', content: null, tool_calls: [call] },
    said('system', 'Be brief.'),
    { role: 'tool', tool_call_id: 'a', content: 'a cat' },
  ];
  const tools = [{ type: 'function', function: { name: 'look' } }];
  const sent = convert('openai-chat', to, { messages, tools }, model).messages as Turn[];
  const last = sent.at(-1)?.content?.map((block) => block.text ?? block.type ?? Object.keys(block)[0]);
  expect(last).toEqual([to === anthropic ? 'tool_result' : 'toolResult', LATE]);
});
