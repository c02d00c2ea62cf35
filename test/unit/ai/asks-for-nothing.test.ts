// What a client says that asks for nothing is no reason to refuse it, whoever is asked.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { Provider } from '../../../src/contracts/provider.ts';
import { formatOf, refusedField, sent, service } from '../../helpers/translation.ts';

const HI = { role: 'user', content: 'Hi' };
const ASKS: readonly (readonly [FormatName, object])[] = [
  ['openai-chat', { messages: [HI] }],
  ['openai-responses', { input: 'Hi' }],
  ['anthropic-messages', { max_tokens: 9, messages: [HI] }],
];

describe.each(ASKS)('in %s', (format, asked) => {
  it.each([
    service('openai'),
    anthropic,
    bedrock,
    gemini,
    cohere,
  ])('an empty list of tools is none (%#)', (to) => {
    const plain = sent(format, to, asked);
    expect(sent(format, to, { ...asked, tools: [] })).toEqual(plain);
    const choice = format === 'anthropic-messages' ? { type: 'auto' } : 'auto';
    expect(sent(format, to, { ...asked, tools: [], tool_choice: choice })).toEqual(plain);
  });
});

const TOOLS = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const MESSAGE_TOOLS = [{ name: 'f', input_schema: { type: 'object' } }];
const tools = { tools: TOOLS };
const serial = (isSerial: boolean) => ({
  tools: MESSAGE_TOOLS,
  tool_choice: { type: 'auto', disable_parallel_tool_use: isSerial },
});

it.each<[string, FormatName, Provider, object, string]>([
  [
    'calls at once',
    'openai-chat',
    service('cerebras'),
    { ...tools, parallel_tool_calls: true },
    'parallel_tool_calls',
  ],
  ['calls at once', 'anthropic-messages', service('cerebras'), serial(false), 'parallel_tool_calls'],
  ['a usual length', 'openai-responses', service('mistral'), { text: { verbosity: 'medium' } }, 'verbosity'],
  ['a usual length', 'openai-chat', gemini, { verbosity: 'medium' }, 'verbosity'],
  ['the usual tier', 'openai-chat', service('cerebras'), { service_tier: 'auto' }, 'service_tier'],
  ['the usual tier', 'anthropic-messages', cohere, { service_tier: 'standard_only' }, 'service_tier'],
  ['no bias', 'openai-chat', anthropic, { logit_bias: {} }, 'logit_bias'],
])('%s, of %s, is left out for who has no word for it (%#)', (_, from, to, extra, field) => {
  const [, asked] = ASKS.find(([name]) => name === from) ?? [];
  expect(sent(from, to, { ...asked, ...extra })).not.toHaveProperty(field);
});

it('and what asks for something is refused by its name as before', () => {
  const chat = (extra: object) => ({ messages: [HI], ...extra });
  const refused = (to: Provider, extra: object) => refusedField('openai-chat', to, chat(extra));
  expect(refused(service('cerebras'), { ...tools, parallel_tool_calls: false })).toBe('parallel_tool_calls');
  expect(refused(service('mistral'), { verbosity: 'low' })).toBe('verbosity');
  expect(refused(cohere, { service_tier: 'flex' })).toBe('service_tier');
  expect(refused(anthropic, { logit_bias: { 1: 1 } })).toBe('logit_bias');
});

it('also where the client speaks the service’s own format', () => {
  const asked = { model: 'm', messages: [HI], verbosity: 'medium', logit_bias: {}, service_tier: 'default' };
  const { fields } = formatOf('openai-chat');
  expect(service('mistral').native['openai-chat']?.adapt?.(asked, fields, [])).toEqual({
    model: 'm',
    messages: [HI],
  });
});
