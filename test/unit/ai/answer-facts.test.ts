import { expect, it } from 'vitest';
import { factsOfAnswer } from '../../../src/ai/answer-facts.ts';

const factsOf = (answer: unknown) => factsOfAnswer(Buffer.from(JSON.stringify(answer)));

it('takes usage and finish reason as reported, and then no text', () => {
  const answer = {
    choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 4 } },
  };
  expect(factsOf(answer)).toEqual({
    usage: { input: 9, output: 1, cached: 4 },
    finishReason: 'stop',
    text: '',
    characters: 0,
  });
});

it('takes what was said where no usage is reported', () => {
  const calls = [{ id: '1', function: { name: 'find', arguments: '{}' } }];
  const { text = '', characters } =
    factsOf({ choices: [{ message: { content: 'a', refusal: 'b', tool_calls: calls } }] }) ?? {};
  expect(text).toBe(`ab${JSON.stringify(calls)}`);
  expect(characters).toBe(text.length);
});

it.each([[[]], [5], [null], ['x'], [{ error: { message: 'no' } }]])('is none: %j', (answer) => {
  expect(factsOf(answer)).toBeUndefined();
});

it.each([
  [{}],
  [{ error: null, choices: [] }],
  [{ choices: [null, 5, { message: null }, { message: { content: 7 }, finish_reason: 3 }] }],
  [{ usage: 'much', choices: 'many' }],
  [{ usage: { prompt_tokens: -1 } }],
])('says nothing: %j', (answer) => {
  expect(factsOf(answer)).toEqual({ usage: undefined, finishReason: '', text: '', characters: 0 });
});
