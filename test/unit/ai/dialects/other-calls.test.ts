// Calls of custom tools, and of functions in the chat API's former words, are what an answer says, as calls of functions are.
import { expect, it } from 'vitest';
import { openaiChat } from '../../../../src/ai/dialects/openai-chat/index.ts';
import { factsOf } from '../../../../src/ai/part-facts.ts';
import { StreamWatch } from '../../../../src/ai/watch.ts';

const event = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

function watched(...events: string[]): StreamWatch {
  const watch = new StreamWatch(openaiChat);
  for (const each of events) watch.see(Buffer.from(each));
  return watch;
}
const answered = (message: object, finish_reason: string) =>
  factsOf(
    openaiChat.readAnswer({ choices: [{ message: { content: null, ...message }, finish_reason }] }) ?? [],
  );

const custom = (more: object, piece: object) => ({ tool_calls: [{ index: 0, ...more, custom: piece }] });

it('a stream that calls a custom tool has begun with its first words, and is not empty', () => {
  const first = event(custom({ id: 'a', type: 'custom' }, { name: 'run', input: '' }));
  expect(watched(event({ role: 'assistant', content: null })).begun).toBe(false);
  expect(watched(first).begun).toBe(true);
  const whole = watched(first, event(custom({}, { input: 'ls -l' })), event({}, 'stop'));
  expect(whole).toMatchObject({
    text: 'runls -l',
    characters: 8,
    finishReason: 'tool_calls',
    malformedToolCall: false,
  });
});

it('a stream that calls a function in former words has begun with its name, and is one call', () => {
  const first = event({ function_call: { name: 'find', arguments: '' } });
  expect(watched(first).begun).toBe(true);
  const pieces = ['{"a":', '1}'].map((text) => event({ function_call: { arguments: text } }));
  const whole = watched(first, ...pieces, event({}, 'function_call'));
  expect(whole).toMatchObject({
    tool: 'find',
    text: 'find{"a":1}',
    finishReason: 'tool_calls',
    malformedToolCall: false,
  });
});

it('whole answers say the same', () => {
  const call = { id: 'a', type: 'custom', custom: { name: 'run', input: 'ls' } };
  expect(answered({ tool_calls: [call] }, 'tool_calls')).toMatchObject({
    characters: 5,
    finishReason: 'tool_calls',
    malformedToolCall: false,
  });
  expect(answered({ function_call: { name: 'find', arguments: '{}' } }, 'function_call')).toMatchObject({
    characters: 6,
    tool: 'find',
    finishReason: 'tool_calls',
  });
});

it('a function that is named twice, in both words, is called once; one without a name or words is none', () => {
  const spec = { name: 'find', arguments: '{}' };
  expect(
    answered({ tool_calls: [{ id: 'a', function: spec }], function_call: spec }, 'tool_calls').characters,
  ).toBe(6);
  for (const former of [null, {}, { name: '', arguments: '' }])
    expect(answered({ content: 'Hi', function_call: former }, 'stop')).toMatchObject({
      characters: 2,
      finishReason: 'stop',
    });
});
