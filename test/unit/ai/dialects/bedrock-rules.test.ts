// What Converse refuses and no other API does: marks for a cache that a model has not got, calls without tools, names that come twice.
import { describe, expect, it } from 'vitest';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import type { JsonObject } from '../../../../src/contracts/model-request.ts';
import { convert, refusedField } from '../../../helpers/translate.ts';

const CLAUDE = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
type Block = { text?: string; document?: { name: string } };
const turnsOf = (sent: JsonObject) => sent.messages as { role: string; content: Block[] }[];

describe('marks for the cache', () => {
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  const marked = (text: string) => [{ type: 'text', text, cache_control }];
  const asked = {
    max_tokens: 9,
    system: marked('Be brief.'),
    messages: [
      { role: 'user', content: marked('Hi') },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'a cat', cache_control }] },
    ],
    tools: [{ name: 'look', input_schema: { type: 'object' }, cache_control }],
  };
  const marks = (model: string) =>
    JSON.stringify(convert('anthropic-messages', bedrock, asked, model)).match(/"cachePoint":{[^}]*}/g) ?? [];

  it.each([
    CLAUDE,
    'arn:aws:bedrock:eu-west-1:1:application-inference-profile/x',
    'anthropic.claude-opus-4-8',
  ])('all go to %s', (model) => {
    expect(marks(model)).toEqual(Array(4).fill('"cachePoint":{"type":"default","ttl":"1h"}'));
  });

  it('those at words go to Nova, which has one length of time', () => {
    expect(marks('us.amazon.nova-pro-v1:0')).toEqual(Array(2).fill('"cachePoint":{"type":"default"}'));
  });

  it.each([
    'meta.llama3-70b-instruct-v1:0',
    'openai.gpt-oss-120b-1:0',
    'mistral.mistral-large-2407-v1:0',
    'anthropic.claude-3-haiku-20240307-v1:0',
  ])('none goes to %s, which would refuse the key for them', (model) => {
    expect(marks(model)).toEqual([]);
  });
});

describe('a conversation with calls in it', () => {
  const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{"at":1}' } };
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Let me look.', tool_calls: [call] },
    { role: 'tool', tool_call_id: 'a', content: 'a cat' },
    { role: 'user', content: 'And?' },
  ];
  const tools = [{ type: 'function', function: { name: 'look' } }];

  it.each<[string, object]>([
    ['without tools', {}],
    ['with none to use', { tools, tool_choice: 'none', parallel_tool_calls: false }],
  ])('is told in words %s', (_, extra) => {
    const sent = convert('openai-chat', bedrock, { messages, ...extra }, CLAUDE);
    expect(sent).not.toHaveProperty('toolConfig');
    expect(sent.messages).toEqual([
      { role: 'user', content: [{ text: 'Hi' }] },
      {
        role: 'assistant',
        content: [{ text: 'Let me look.' }, { text: '[Called the tool look with {"at":1}]' }],
      },
      { role: 'user', content: [{ text: '[The tool look answered: a cat]' }, { text: 'And?' }] },
    ]);
  });

  it('is a conversation with calls where there are tools', () => {
    const sent = convert('openai-chat', bedrock, { messages, tools }, CLAUDE);
    expect(sent).toHaveProperty('toolConfig.tools');
    expect(turnsOf(sent)[1]?.content[1]).toHaveProperty('toolUse.input', { at: 1 });
  });

  it('pictures that a tool has found stay pictures', () => {
    const image = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
    };
    const asked = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'a', is_error: true, content: [image] }],
      },
    ];
    const sent = convert('anthropic-messages', bedrock, { max_tokens: 9, messages: asked }, CLAUDE);
    expect(turnsOf(sent)[2]?.content).toMatchObject([
      { text: '[The tool look failed]' },
      { image: { format: 'png' } },
    ]);
  });

  it('calls can’t be forbidden to come together where there are tools', () => {
    const asked = { messages, tools, parallel_tool_calls: false };
    expect(refusedField('openai-chat', bedrock, asked, CLAUDE)).toBe('parallel_tool_calls');
  });
});

it.each<[string, string[] | undefined]>([
  [CLAUDE, ['interleaved-thinking-2025-05-14', 'context-1m-2025-08-07']],
  ['anthropic.claude-opus-4-20250514-v1:0', ['interleaved-thinking-2025-05-14']],
  ['us.anthropic.claude-opus-4-7', ['interleaved-thinking-2025-05-14']],
  ['us.anthropic.claude-3-5-haiku-20241022-v1:0', undefined],
  ['us.amazon.nova-pro-v1:0', undefined],
])('of what is not yet for all %s gets what it takes', (model, anthropic_beta) => {
  const request = { system: [], messages: [], stream: false, includeUsage: false, uncarried: [] };
  const betas = ['claude-code-20250219', 'interleaved-thinking-2025-05-14', 'context-1m-2025-08-07'];
  const sent = bedrock.translated.convertRequest(request, { model, stream: false, betas });
  expect(sent.additionalModelRequestFields).toEqual(anthropic_beta && { anthropic_beta });
});

describe('documents', () => {
  const file = (title?: string) => ({
    type: 'document',
    title,
    source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
  });
  const namesOf = (...titles: (string | undefined)[]) => {
    const messages = [{ role: 'user', content: titles.map(file) }];
    const sent = convert('anthropic-messages', bedrock, { max_tokens: 9, messages }, CLAUDE);
    return turnsOf(sent).flatMap(({ content }) => content.map(({ document }) => document?.name));
  };

  it('of one name have numbers, whatever their case', () => {
    expect(namesOf('a.pdf', 'A.PDF', 'a.pdf', 'a.pdf 2')).toEqual([
      'a-pdf',
      'A-PDF 2',
      'a-pdf 3',
      'a-pdf 2 2',
    ]);
    expect(namesOf(undefined, undefined, ' ')).toEqual(['document', 'document 2', 'document 3']);
  });

  it('have names that fit', () => {
    expect(namesOf('  my \t file!  ')).toEqual(['my file-']);
    const [first = '', second = ''] = namesOf('x'.repeat(500), 'x'.repeat(500));
    expect(first).toBe('x'.repeat(200));
    expect(second).toBe(`${'x'.repeat(198)} 2`);
  });

  it('that tools have found are among them', () => {
    const messages = [
      { role: 'user', content: [file('a')] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [file('a')] }] },
    ];
    const asked = { max_tokens: 9, messages, tools: [{ name: 'look', input_schema: { type: 'object' } }] };
    const sent = convert('anthropic-messages', bedrock, asked, CLAUDE);
    expect(turnsOf(sent)[2]?.content[0]).toHaveProperty('toolResult.content[0].document.name', 'a 2');
  });
});
