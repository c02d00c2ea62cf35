// A request in one format, in the words of a provider that speaks another: all of it, or the name of what can't be said.
import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { anthropicMessages as anthropicDialect } from '../../../src/ai/dialects/anthropic-messages/index.ts';
import { openaiChat as openaiDialect } from '../../../src/ai/dialects/openai-chat/index.ts';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import { openaiServices } from '../../../src/ai/providers/openai.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { Provider } from '../../../src/contracts/provider.ts';
import { convert, refusedField } from '../../helpers/translate.ts';

const openai = openaiServices.openai as Provider;
const PNG = 'iVBORw0KGgo=';

const CHAT = {
  model: 'smart',
  messages: [
    { role: 'developer', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'auto' } },
        { type: 'image_url', image_url: { url: 'https://img.example/a.png' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
      ],
    },
    {
      role: 'assistant',
      content: 'Let me look.',
      reasoning_content: 'Hm.',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', signature: 'sig' }],
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'look', arguments: '{"at":1}' } },
        { id: 'b', type: 'function', function: { name: 'look', arguments: '{"at":2}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'a cat' },
    { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'a dog' }] },
    { role: 'user', content: 'And?' },
  ],
  tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' }, strict: true } }],
  tool_choice: 'required',
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'pet', schema: { type: 'object' } } },
  max_completion_tokens: 5000,
  temperature: 0.5,
  top_p: 0.9,
  stop: 'END',
  n: 1,
  reasoning_effort: 'low',
  service_tier: 'auto',
  user: 'u1',
  store: false,
  logprobs: false,
  frequency_penalty: 0,
  prompt_cache_key: 'k',
};

const MESSAGES = {
  model: 'smart',
  max_tokens: 500,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
        {
          type: 'document',
          title: 'a.pdf',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'a', name: 'look', input: { at: 1 } },
        { type: 'tool_use', id: 'b', name: 'look', input: { at: 2 } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: 'a cat' },
        {
          type: 'tool_result',
          tool_use_id: 'b',
          is_error: true,
          content: [{ type: 'text', text: 'no dog' }],
        },
        { type: 'text', text: 'And?' },
      ],
    },
  ],
  tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object' } }],
  tool_choice: { type: 'tool', name: 'look', disable_parallel_tool_use: true },
  output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
  thinking: { type: 'enabled', budget_tokens: 2048 },
  stop_sequences: ['END'],
  temperature: 1,
  metadata: { user_id: 'u1' },
  service_tier: 'standard_only',
};

/** Cohere takes images and no other files. */
function withoutFiles(body: typeof CHAT): object {
  const [system, question, ...rest] = body.messages;
  const content = Array.isArray(question?.content)
    ? question.content.filter(({ type }) => type !== 'file')
    : [];
  return { ...body, messages: [system, { ...question, content }, ...rest] };
}

const golden = (name: string) => `../../fixtures/golden/request.${name}.json`;
const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

it('a chat completion as a message', async () => {
  const converted = convert('openai-chat', anthropic, CHAT, 'claude-haiku-4-5');
  await expect(pretty(converted)).toMatchFileSnapshot(golden('openai-chat-to-anthropic-messages'));
});

it.each([
  ['openai-chat', CHAT, 'gemini', gemini, 'gemini-2.5-flash', ['parallel_tool_calls', 'user']],
  [
    'anthropic-messages',
    MESSAGES,
    'gemini',
    gemini,
    'gemini-3-pro',
    ['tool_choice.disable_parallel_tool_use', 'metadata.user_id', 'service_tier'],
  ],
  [
    'openai-chat',
    withoutFiles(CHAT),
    'cohere-chat',
    cohere,
    'm',
    ['parallel_tool_calls', 'user', 'service_tier'],
  ],
  [
    'openai-chat',
    CHAT,
    'bedrock-converse',
    bedrock,
    'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
    ['parallel_tool_calls', 'user'],
  ],
  [
    'anthropic-messages',
    MESSAGES,
    'bedrock-converse',
    bedrock,
    'anthropic.claude-3-7-sonnet-20250219-v1:0',
    ['tool_choice.disable_parallel_tool_use', 'metadata.user_id'],
  ],
] as const)('%s as %s', async (from, body, api, to, model, drop) => {
  const converted = convert(from, to, withoutLinks(body), model, drop);
  await expect(pretty(converted)).toMatchFileSnapshot(golden(`${from}-to-${api}`));
});

/** Bedrock takes no image from the web. */
const withoutLinks = (body: object): object =>
  JSON.parse(JSON.stringify(body).replace('https://img.example/a.png', `data:image/png;base64,${PNG}`));

it('a message as a chat completion', async () => {
  const converted = convert('anthropic-messages', openai, MESSAGES);
  await expect(pretty(converted)).toMatchFileSnapshot(golden('anthropic-messages-to-openai-chat'));
});

describe('what can’t be carried is refused by the client’s own name for it', () => {
  const user = { role: 'user', content: 'Hi' };
  const chat = (extra: object) => ({ model: 'm', messages: [user], ...extra });
  const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } };

  it.each<[string, object]>([
    ['seed', { seed: 1 }],
    ['logprobs', { logprobs: true, top_logprobs: 2 }],
    ['n', { n: 2 }],
    ['logit_bias', { logit_bias: { 1: 1 } }],
    ['presence_penalty', { presence_penalty: 1 }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['service_tier', { service_tier: 'flex' }],
    ['service_tier', { service_tier: 'constructor' }],
    ['web_search_options', { web_search_options: {} }],
    ['store', { store: true }],
    ['field_of_tomorrow', { field_of_tomorrow: 1 }],
    ['tools[0]', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['tools[0].function.x', { tools: [{ type: 'function', function: { name: 'a', x: 1 } }] }],
    ['messages[0].content[0]', { messages: [{ role: 'user', content: [audio] }] }],
    ['messages[0].content[0]', { messages: [{ role: 'user', content: [{ type: 'video' }] }] }],
    ['messages[0].name', { messages: [{ ...user, name: 'Ann' }] }],
    ['messages[0].name', { messages: [{ role: 'system', name: 'example_user', content: 'Hi' }, user] }],
    ['messages[1].name', { messages: [user, { role: 'developer', name: 'Ann', content: 'Hi' }] }],
    ['messages[1].audio', { messages: [user, { role: 'assistant', audio: { id: '1' } }] }],
  ])('%s, of a chat completion', (field, extra) => {
    expect(refusedField('openai-chat', anthropic, chat(extra))).toBe(field);
  });

  it.each<[string, Provider, object]>([
    ['logit_bias', gemini, { logit_bias: { 1: 1 } }],
    ['service_tier', gemini, { service_tier: 'scale' }],
    ['messages[1]', gemini, { messages: [user, { role: 'tool', tool_call_id: 'none', content: 'x' }] }],
    ['n', cohere, { n: 2 }],
    ['seed', bedrock, { seed: 1 }],
    ['response_format', bedrock, { response_format: { type: 'json_object' } }],
    ['top_k', bedrock, { top_k: 3 }],
    ['reasoning_effort', bedrock, { reasoning_effort: 'low' }],
    [
      'messages[0].content[0]',
      bedrock,
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://img.example/a.png' } }] },
        ],
      },
    ],
  ])('%s, by a provider of kind %o', (field, to, extra) => {
    expect(refusedField('openai-chat', to, chat(extra))).toBe(field);
  });

  it.each<[string, object]>([
    ['top_k', { top_k: 5 }],
    ['container', { container: 'c' }],
    ['mcp_servers', { mcp_servers: [] }],
    ['tools[0]', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ])('%s, of a message', (field, extra) => {
    expect(refusedField('anthropic-messages', openai, { ...chat({ max_tokens: 5 }), ...extra })).toBe(field);
  });
});

it.each<[FormatName, object, string]>([
  ['openai-chat', { messages: [5] }, 'messages[0]'],
  ['openai-chat', { messages: [{ role: 'king', content: '' }] }, 'messages[0].role'],
  ['openai-chat', { messages: [], temperature: 'hot' }, 'temperature'],
  ['openai-chat', { messages: [], tools: {} }, 'tools'],
  ['anthropic-messages', { messages: [{ role: 'user', content: [{}] }] }, 'messages[0].content[0].type'],
  ['anthropic-messages', { messages: [], max_tokens: [] }, 'max_tokens'],
])('what no provider could read is refused as it is: %s %j', (format, body, field) => {
  const provider = format === 'openai-chat' ? anthropic : openai;
  expect(() => convert(format, provider, body)).toThrow(
    expect.objectContaining({ code: 'body_invalid', param: field }),
  );
});

it.each<[string, FormatName, object, string | undefined]>([
  [
    'asks for a summary',
    'openai-responses',
    { reasoning: { effort: 'high', summary: 'auto' } },
    'summarized',
  ],
  ['says nothing of it', 'openai-responses', { reasoning: { effort: 'high' } }, undefined],
  [
    'asks for it',
    'anthropic-messages',
    { thinking: { type: 'adaptive', display: 'summarized' } },
    'summarized',
  ],
  ['wants none', 'anthropic-messages', { thinking: { type: 'adaptive', display: 'omitted' } }, 'omitted'],
])('thoughts are shown by newer models of Anthropic where the client %s (%s)', (_, from, wish, display) => {
  const hi = { role: 'user', content: 'Hi' };
  const asked = { ...(from === 'openai-responses' ? { input: [hi] } : { messages: [hi] }), ...wish };
  expect(convert(from, anthropic, asked, 'claude-opus-4-7')).toMatchObject({
    thinking: display === undefined ? { type: 'adaptive' } : { type: 'adaptive', display },
  });
  expect(convert(from, bedrock, asked, 'eu.anthropic.claude-opus-4-7-v1:0')).toHaveProperty(
    'additionalModelRequestFields.thinking',
    { type: 'adaptive', ...(display && { display }) },
  );
});

it('what a client lets be cached as a whole is marked at its end for Claude at Bedrock', () => {
  const claude = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
  const point = { cachePoint: { type: 'default', ttl: '1h' } };
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  const asked = { max_tokens: 9, cache_control, messages: [{ role: 'user', content: 'Hi' }] };
  const contentOf = (body: object, model: string) =>
    (convert('anthropic-messages', bedrock, body, model) as { messages: { content: object[] }[] }).messages[0]
      ?.content;
  expect(contentOf(asked, claude)).toEqual([{ text: 'Hi' }, point]);
  const marked = { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control }] };
  expect(contentOf({ ...asked, messages: [marked] }, claude), 'once').toEqual([{ text: 'Hi' }, point]);
  expect(contentOf(asked, 'meta.llama3-70b-instruct-v1:0')).toEqual([{ text: 'Hi' }]);
});

it('newer models of Anthropic think as hard as they are told, older ones on a budget', () => {
  const asked = { messages: [{ role: 'user', content: 'Hi' }], reasoning_effort: 'high' };
  expect(convert('openai-chat', anthropic, asked, 'claude-opus-4-8')).toMatchObject({
    thinking: { type: 'adaptive' },
    output_config: { effort: 'high' },
    max_tokens: 8192,
  });
  for (const model of ['claude-haiku-4-5', 'claude-sonnet-4-20250514', 'claude-3-7-sonnet-latest']) {
    expect(convert('openai-chat', anthropic, asked, model)).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 24_576 },
      max_tokens: 24_576 + 8192,
    });
  }
});

it('an answer may be as long as its target is configured for, beside what is thought', () => {
  const request = { system: [], messages: [], stream: false, includeUsage: false, uncarried: [] };
  const call = { model: 'claude-haiku-4-5', stream: false, maxOutput: 100 };
  const limit = (reasoning?: { effort: string }) =>
    anthropicDialect.convertRequest({ ...request, ...(reasoning && { reasoning }) }, call).max_tokens;
  expect([limit(), limit({ effort: 'low' })]).toEqual([100, 2_148]);
});

it.each<[string, string, string]>([
  ['an address', 'ann@example.org', 'ann@example.org'],
  ['a name as long as may be', 'x'.repeat(64), 'x'.repeat(64)],
  [
    'a longer one, such as Claude Code’s, hashed',
    'x'.repeat(65),
    hash('sha256', 'x'.repeat(65)).slice(0, 32),
  ],
])('who the user is, for OpenAI: %s', (_, user_id, user) => {
  const asked = { max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], metadata: { user_id } };
  expect(convert('anthropic-messages', openai, asked)).toMatchObject({ user });
});

it.each(['flex', 'priority'])('Gemini is asked for the tier %s', (service_tier) => {
  const asked = { messages: [{ role: 'user', content: 'Hi' }], service_tier };
  expect(convert('openai-chat', gemini, asked)).toMatchObject({ serviceTier: service_tier });
});

it('a dialect asks for streams with their usage', () => {
  const request = { system: [], messages: [], stream: true, includeUsage: false, uncarried: [] };
  expect(openaiDialect.convertRequest(request, { model: 'm', stream: true })).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(anthropicDialect.convertRequest(request, { model: 'm', stream: true })).toMatchObject({
    stream: true,
  });
});
