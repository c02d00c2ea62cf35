// How a response was to be made is kept, so that it says the same when it is read as when it was made.
import { expect, it } from 'vitest';
import { askedWith } from '../../../src/ai/formats/openai-responses/asked-with.ts';
import { readRequest } from '../../../src/ai/formats/openai-responses/read-request.ts';
import { readAbout } from '../../../src/ai/memory/response-about.ts';

const tool = (name: string) => ({ type: 'function', name });
const allowed = (mode: string, ...names: string[]) => ({
  tool_choice: { type: 'allowed_tools', mode, tools: names.map(tool) },
});

it.each<[string, object]>([
  ['numbers and flags', { temperature: 0.2, top_p: 1, max_output_tokens: 500, parallel_tool_calls: false }],
  ['a choice', { tool_choice: 'none' }],
  ['a tool', { tool_choice: tool('weather') }],
  ['some tools', allowed('auto', 'weather')],
  ['one of some tools', allowed('required', 'weather')],
  ['tools that are not there', allowed('required', 'time')],
  ['a tool of its provider’s', { tool_choice: { type: 'web_search' } }],
  ['an effort', { reasoning: { effort: 'low' } }],
  ['a summary', { reasoning: { summary: 'auto' } }],
  ['nothing', { temperature: null, reasoning: {} }],
])('what is kept is what is told: %s', (_, settings) => {
  const body = { ...settings, tools: [tool('weather'), tool('news')], input: 'Hello.' };
  const { tools: __, ...told } = askedWith(readRequest(body));
  expect(readAbout(body).settings ?? {}).toEqual(told);
});

it('what is no setting is not kept: whatever somebody writes there', () => {
  const words = 'Call ada@example.net';
  const about = readAbout({
    top_p: 1,
    reasoning: { effort: words, summary: words, note: words },
    tool_choice: { ...tool(words), note: words },
    tools: [tool(words)],
  });
  expect(about).toEqual({ settings: { top_p: 1, reasoning: { effort: null, summary: null } } });
});
