// How hard a model shall think, in words that it takes: each vendor's models have their own, and refuse those of others.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import { sent, service } from '../../helpers/translation.ts';

const HI = { role: 'user', content: 'Hi' };
const chat = (extra: object) => ({ messages: [HI], ...extra });
const message = (extra: object) => ({ max_tokens: 4_000, messages: [HI], ...extra });
const NOVA = 'amazon.nova-pro-v1:0';
const claudeAtBedrock = (name: string): string => `eu.anthropic.${name}`;

describe('Gemini', () => {
  const configOf = (model: string, effort: string): unknown =>
    (sent('openai-chat', gemini, chat({ reasoning_effort: effort }), model).generationConfig as JsonObject)
      .thinkingConfig;

  it.each([
    ['gemini-3-flash-preview', 'minimal'],
    ['gemini-3.6-flash', 'minimal'],
    ['gemini-3.5-flash-lite', 'minimal'],
    ['gemini-3-pro-preview', 'low'],
    ['gemini-3.1-pro-preview', 'low'],
    ['gemini-3.7-flash', 'low'],
    ['gemini-flash-latest', 'low'],
    ['gemini-4-pro', 'low'],
  ])('%s thinks at least on the level %s', (model, level) => {
    expect(configOf(model, 'minimal')).toEqual({ includeThoughts: true, thinkingLevel: level });
    expect(configOf(model, 'none')).toEqual({ includeThoughts: false, thinkingLevel: level });
  });

  it('2.5 Pro can’t but think', () => {
    expect(configOf('gemini-2.5-pro', 'none')).toEqual({ includeThoughts: false, thinkingBudget: 128 });
    expect(configOf('gemini-2.5-flash', 'none')).toEqual({ includeThoughts: false, thinkingBudget: 0 });
  });
});

describe('That no thinking is wanted, by a client of messages', () => {
  const asked = message({ thinking: { type: 'disabled' } });

  it('is not said to a model that may not know the word', () => {
    const plain = message({});
    for (const [to, model] of [
      [gemini, 'gemini-2.5-flash-image'],
      [cohere, 'command-r7b-12-2024'],
      [bedrock, NOVA],
      [bedrock, 'openai.gpt-oss-120b-1:0'],
    ] as const)
      expect(sent('anthropic-messages', to, asked, model)).toEqual(
        sent('anthropic-messages', to, plain, model),
      );
  });

  it('is the least of one that can’t but think', () => {
    expect(sent('anthropic-messages', gemini, asked, 'gemini-2.5-pro')).toMatchObject({
      generationConfig: { thinkingConfig: { includeThoughts: false, thinkingBudget: 128 } },
    });
    expect(sent('anthropic-messages', bedrock, asked, claudeAtBedrock('claude-fable-5-2'))).toMatchObject({
      additionalModelRequestFields: { output_config: { effort: 'low' } },
    });
  });
});

describe('Claude', () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  const asked = (tool_choice: unknown, given: unknown = tools) =>
    chat({ reasoning_effort: 'low', tools: given, tool_choice });
  const forced = { type: 'function', function: { name: 'f' } };

  it('on a budget does not think where it is told which tool to call', () => {
    const thinking = (choice: unknown, given?: unknown): unknown =>
      sent('openai-chat', anthropic, asked(choice, given), 'claude-haiku-4-5').thinking;
    expect(thinking('required')).toEqual({ type: 'disabled' });
    expect(thinking(forced)).toEqual({ type: 'disabled' });
    expect(thinking('auto')).toMatchObject({ type: 'enabled' });
    for (const model of ['claude-opus-4-6', 'claude-sonnet-4-6', 'claude-opus-4-7'])
      expect(sent('openai-chat', anthropic, asked('required'), model).thinking).toEqual({ type: 'disabled' });
    expect(sent('openai-chat', anthropic, asked('required'), 'claude-opus-4-8').thinking).toMatchObject({
      type: 'adaptive',
    });
    expect(thinking('required', []), 'there is none to call').toMatchObject({ type: 'enabled' });
    const model = claudeAtBedrock('claude-haiku-4-5-20251001-v1:0');
    expect(sent('openai-chat', bedrock, asked('required'), model)).toMatchObject({
      additionalModelRequestFields: { thinking: { type: 'disabled' } },
    });
  });

  it.each([
    'claude-fable-5',
    'claude-mythos-5-2',
    'claude-opus-5-5',
  ])('%s can’t be told not to think', (model) => {
    const least = sent('openai-chat', anthropic, chat({ reasoning_effort: 'none' }), model);
    expect([least.thinking, least.output_config]).toEqual([undefined, { effort: 'low' }]);
  });

  it('since 4.7 has no budgets: at Bedrock one becomes an effort', () => {
    const fieldsOf = (name: string, budget_tokens: number): unknown =>
      sent(
        'anthropic-messages',
        bedrock,
        { ...message({ thinking: { type: 'enabled', budget_tokens } }), max_tokens: 64_000 },
        claudeAtBedrock(name),
      ).additionalModelRequestFields;
    expect(fieldsOf('claude-opus-4-7', 2_048)).toEqual({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low' },
    });
    expect(fieldsOf('claude-sonnet-5', 32_000)).toMatchObject({ output_config: { effort: 'high' } });
    for (const name of ['claude-opus-4-6-v1', 'claude-sonnet-4-5-20250929-v1:0'])
      expect(fieldsOf(name, 2_048)).toEqual({ thinking: { type: 'enabled', budget_tokens: 2_048 } });
  });
});

it('how thoughts are shown is no reason to think, and is said where it changes what is shown', () => {
  const shown = { input: [HI], reasoning: { summary: 'auto' } };
  const plain = { input: [HI] };
  expect(sent('openai-responses', gemini, shown, 'gemini-3-pro-preview')).toMatchObject({
    generationConfig: { thinkingConfig: { includeThoughts: true } },
  });
  for (const [to, model] of [
    [anthropic, 'claude-opus-4-8'],
    [anthropic, 'claude-haiku-4-5'],
    [bedrock, NOVA],
    [cohere, 'command-a-03-2025'],
    [service('openai'), 'gpt-5'],
  ] as const)
    expect(sent('openai-responses', to, shown, model)).toEqual(sent('openai-responses', to, plain, model));
});
