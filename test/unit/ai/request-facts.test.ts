import { expect, it } from 'vitest';
import { requestFacts } from '../../../src/ai/request-facts.ts';

const ALL = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'];
const facts = (body: object, headers = {}, maxima = ALL) =>
  requestFacts(body as Record<string, unknown>, headers, maxima);
const user = { role: 'user', content: 'Go' };
const call = { role: 'assistant', tool_calls: [{ id: 'a' }] };
const result = { role: 'tool', content: 'done' };

it.each([
  ['nothing', { messages: [user] }, 0],
  ['one round', { messages: [user, call, result] }, 1],
  ['several calls at once', { messages: [user, call, result, result, call, result] }, 2],
  [
    'the chat API’s former words',
    {
      messages: [
        user,
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'done' },
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'done' },
      ],
    },
    2,
  ],
  [
    'custom tools of OpenAI’s responses',
    { input: [user, { type: 'custom_tool_call' }, { type: 'custom_tool_call_output' }] },
    1,
  ],
  ...['local_shell_call', 'shell_call', 'apply_patch_call', 'computer_call'].map(
    (type): [string, object, number] => [
      `${type} of OpenAI’s, which its client executes`,
      { input: [user, { type }, { type: `${type}_output` }, { type }, { type: `${type}_output` }] },
      2,
    ],
  ),
  ['only since the user spoke', { messages: [user, call, result, user, call, result] }, 1],
  [
    'Anthropic’s results, which are the user’s messages',
    {
      messages: [
        user,
        { role: 'assistant', content: [{ type: 'tool_use' }] },
        { role: 'user', content: [{ type: 'tool_result' }] },
        { role: 'assistant', content: [{ type: 'text' }, { type: 'tool_use' }] },
        { role: 'user', content: [{ type: 'tool_result' }] },
      ],
    },
    2,
  ],
  [
    'OpenAI’s responses, whose calls are items of their own',
    {
      input: [
        user,
        { type: 'function_call' },
        { type: 'function_call' },
        { type: 'function_call_output' },
        { type: 'function_call' },
        { type: 'function_call_output' },
      ],
    },
    2,
  ],
  [
    'of calls that are made at once some are thought about in between',
    {
      input: [
        user,
        { type: 'reasoning' },
        { type: 'function_call' },
        { type: 'reasoning' },
        { type: 'function_call' },
        { type: 'function_call_output' },
        { type: 'function_call_output' },
        { type: 'reasoning' },
        { type: 'function_call' },
        { type: 'function_call_output' },
      ],
    },
    2,
  ],
  [
    'Google’s contents, whose user need not be named',
    {
      contents: [
        { parts: [{ text: 'Go' }] },
        { role: 'model', parts: [{ text: 'I look.' }, { functionCall: { name: 'f' } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f' } }] },
        { role: 'model', parts: [{ function_call: { name: 'f' } }] },
        { role: 'function', parts: [{ function_response: { name: 'f' } }] },
      ],
    },
    2,
  ],
  [
    'Amazon’s messages',
    {
      messages: [
        { role: 'user', content: [{ text: 'Go' }] },
        { role: 'assistant', content: [{ toolUse: { name: 'f' } }, { toolUse: { name: 'g' } }] },
        { role: 'user', content: [{ toolResult: {} }, { toolResult: {} }] },
        { role: 'assistant', content: [{ toolUse: { name: 'f' } }] },
        { role: 'user', content: [{ toolResult: {} }] },
      ],
    },
    2,
  ],
  ['a text', { input: 'Go' }, 0],
  ['rubbish', { messages: [null, 1, 'x', []] }, 0],
])('rounds of tools: %s', (_what, body, rounds) => {
  expect(facts(body).toolRounds).toBe(rounds);
});

it.each([
  [{ max_tokens: 10 }, 10],
  [{ max_tokens: 10, max_completion_tokens: 20 }, 20],
  [{ max_tokens: 20, max_completion_tokens: 10 }, 20],
  [{ max_output_tokens: 30 }, 30],
  [{ max_tokens: 10, prompt: ['a', 'b'], n: 2, best_of: 3 }, 60],
  [{ max_tokens: 10, prompt: [1, 2, 3] }, 10],
  [{ max_tokens: 10, n: 3 }, 30],
  [{ max_tokens: -1 }, 0],
  [{ max_tokens: '10' }, 0],
  [{}, 0],
])('the most that may be generated: %j', (body, most) => {
  expect(facts(body).maxOutput).toBe(most);
});

it('what is a maximum in another format’s words only is none', () => {
  expect(facts({ max_output_tokens: 1 }, {}, ['max_completion_tokens', 'max_tokens']).maxOutput).toBe(0);
  expect(facts({ max_output_tokens: 1, max_tokens: 9 }, {}, ['max_tokens']).maxOutput).toBe(9);
});

it.each([
  [{ reasoning_effort: 'high' }, 24_576],
  [{ reasoning: { effort: 'low' } }, 2_048],
  [{ thinking: { budget_tokens: 3_000 } }, 3_000],
  [{ reasoning_effort: 'constructor' }, 0],
  [{ reasoning: { effort: 'toString' } }, 0],
])('what may be thought: %j', (body, tokens) => {
  expect(facts(body).thinking).toBe(tokens);
});

it('who it is for, as each vendor lets applications say it', () => {
  expect(facts({ user: 'ann' }).user).toBe('ann');
  expect(facts({ user: 'ann', safety_identifier: 'a1' }).user).toBe('a1');
  expect(facts({ metadata: { user_id: 'ann' } }).user).toBe('ann');
  expect(facts({ user: { name: 'ann' } }).user).toBe('');
  // One more than may be: so it is known that it was too long.
  expect(facts({ user: 'x'.repeat(10_000) }).user).toHaveLength(257);
  expect(facts({ metadata: { session_id: 'b' } }, { 'x-session-id': 'a' }).session).toBe('a');
});

it('the tier, as each vendor lets it be named', () => {
  expect(facts({ service_tier: 'flex' }).serviceTier).toBe('flex');
  expect(facts({ serviceTier: 'priority' }).serviceTier).toBe('priority');
  expect(facts({ service_tier: 'auto', speed: 'fast' }).serviceTier).toBe('fast');
  expect(facts({ speed: 'standard' }).serviceTier).toBe('');
});

it('tags, tidied and bounded', () => {
  expect(facts({}, { 'x-gateway-tags': ' a, b ,,a' }).tags).toEqual(['a', 'b']);
  expect(facts({ metadata: { tags: ['x', 1, 'y'] } }).tags).toEqual(['x', 'y']);
  expect(facts({}, { 'x-gateway-tags': Array.from({ length: 99 }, (_, i) => i).join() }).tags).toHaveLength(
    16,
  );
});

it('the last that the user said', () => {
  expect(facts({ messages: [user, call, result] }).sample).toBe('Go');
  expect(
    facts({ messages: [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'this' }] }] })
      .sample,
  ).toBe('this');
  expect(facts({ contents: [{ parts: [{ text: 'Los' }] }] }).sample).toBe('Los');
  expect(facts({ messages: [] }).sample).toBe('');
});

it.each([
  [{}, true, false],
  [{ modalities: ['text'] }, true, false],
  [{ modalities: ['text', 'audio'] }, true, true],
  [{ generationConfig: { responseModalities: ['TEXT'] } }, false, false],
  [{ generationConfig: { responseModalities: [] } }, true, false],
  [{ generation_config: { response_modalities: ['TEXT', 'IMAGE'] } }, true, false],
  [{ generationConfig: { responseModalities: ['AUDIO'] } }, false, true],
  [{ generationConfig: { responseModalities: [3] } }, true, true],
])('what %j may be answered in', (body, mayPaint, maySpeak) => {
  expect(facts(body)).toMatchObject({ mayPaint, maySpeak });
});
