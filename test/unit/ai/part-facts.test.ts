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
