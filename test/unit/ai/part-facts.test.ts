import { expect, it } from 'vitest';
import { readAnswer } from '../../../src/ai/dialects/openai-chat/read-answer.ts';
import { factsOf } from '../../../src/ai/part-facts.ts';

function factsOfAnswer(answer: object) {
  const { usage, finishReason, text, characters } = factsOf(readAnswer({ ...answer }) ?? []);
  return { usage, finishReason, text, characters };
}

it('takes usage, finish reason and what was said', () => {
  const answer = {
    choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 4 } },
  };
  expect(factsOfAnswer(answer)).toEqual({
    usage: { input: 9, output: 1, cached: 4 },
    finishReason: 'stop',
    text: 'Hello',
    characters: 5,
  });
});

it('counts tool calls and refusals as said', () => {
  const calls = [{ id: '1', function: { name: 'find', arguments: '{}' } }];
  const message = { content: 'a', refusal: 'b', tool_calls: calls };
  expect(factsOfAnswer({ choices: [{ message }] })).toMatchObject({ text: 'abfind{}', characters: 8 });
});

it('is no answer where an error stands in its place', () => {
  expect(readAnswer({ error: { message: 'no' } })).toBeUndefined();
});

it.each([
  [{}],
  [{ error: null, choices: [] }],
  [{ choices: [null, 5, { message: null }, { message: { content: 7 }, finish_reason: 3 }] }],
  [{ usage: 'much', choices: 'many' }],
  [{ usage: { prompt_tokens: -1 } }],
])('says nothing: %j', (answer) => {
  expect(factsOfAnswer(answer)).toEqual({ usage: undefined, finishReason: '', text: '', characters: 0 });
});

const text = (choice?: number) => ({ type: 'text', text: 'a', choice }) as const;
const finish = (reason: string, choice?: number) => ({ type: 'finish', reason, choice }) as const;

it.each([
  ['has ended with its only choice', [text(), finish('stop')], 'stop'],
  ['says last how it ended', [text(), finish('stop'), finish('tool_calls')], 'tool_calls'],
  ['has not ended while its first choice goes on', [text(), text(1), finish('stop', 1)], ''],
  ['has not ended while another goes on', [text(), text(1), finish('stop'), text(1)], ''],
  ['has not ended once another begins', [text(), finish('stop'), text(1)], ''],
  ['has ended with all that began', [text(), text(2), finish('stop', 2), finish('stop')], 'stop'],
  ['has no first choice', [text(1), finish('stop', 1)], 'stop'],
  ['was cut where one was', [text(), text(1), finish('length'), finish('stop', 1)], 'length'],
  [
    'was filtered before it said a word',
    [text(), finish('length'), finish('content_filter', 1)],
    'content_filter',
  ],
  ['was refused rather than cut', [finish('length'), finish('refusal', 1), finish('stop', 2)], 'refusal'],
])('an answer of several choices %s', (_, parts, reason) => {
  expect(factsOf(parts).finishReason).toBe(reason);
});

it('what is no text begins a choice as well', () => {
  const picture = { type: 'image', mediaType: 'image/png', data: 'x' } as const;
  const call = { type: 'tool-call-start', call: 0, id: '1', name: 'find' } as const;
  for (const part of [picture, call]) {
    expect(factsOf([part, text(1), finish('stop', 1)]).finishReason).toBe('');
    expect(factsOf([text(), { ...part, choice: 1 }, finish('stop')]).finishReason).toBe('');
  }
});
