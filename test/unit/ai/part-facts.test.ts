import { expect, it } from 'vitest';
import { gemini } from '../../../src/ai/dialects/gemini/index.ts';
import { openaiChat } from '../../../src/ai/dialects/openai-chat/index.ts';
import { readAnswer } from '../../../src/ai/dialects/openai-chat/read-answer.ts';
import { gatherAnswer } from '../../../src/ai/gather-answer.ts';
import { factsOf } from '../../../src/ai/part-facts.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import type { Dialect } from '../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';

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

function partsOf({ openStream }: Dialect, events: readonly object[]): StreamPart[] {
  const parts: StreamPart[] = [];
  const reader = openStream?.((part) => parts.push(part));
  for (const event of events) reader?.read(event as JsonObject, '');
  return parts;
}

const chunk = (index: number, delta: object, reason: string | null = null) => ({
  choices: [{ index, delta, finish_reason: reason }],
});
const role = (index: number) => chunk(index, { role: 'assistant', content: '' });
const ofGoogle = (index: number, more: object) => ({
  candidates: [{ index, content: { role: 'model' }, ...more }],
});

it.each<[string, Dialect, object[], string]>([
  ['another', openaiChat, [role(0), role(1), chunk(0, { content: 'a' }, 'stop')], ''],
  ['the first', openaiChat, [role(0), role(1), chunk(1, { content: 'a' }, 'stop')], ''],
  ['the first, later', openaiChat, [role(1), chunk(1, { content: 'a' }, 'stop'), role(0)], ''],
  ['none', openaiChat, [role(0), role(1), chunk(1, {}, 'stop'), chunk(0, {}, 'stop')], 'stop'],
  ['another of Google’s', gemini, [ofGoogle(1, {}), ofGoogle(0, { finishReason: 'STOP' })], ''],
])('a choice that has only begun is not hidden by others: %s', (_, dialect, events, reason) => {
  expect(factsOf(partsOf(dialect, events)).finishReason).toBe(reason);
});

it('nor is it in an answer that came whole, where it has its place', () => {
  const message = { role: 'assistant', content: null };
  const said = { message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' };
  for (const choices of [
    [said, { message, finish_reason: null }],
    [{ message, finish_reason: null }, said],
  ]) {
    expect(factsOfAnswer({ choices })).toMatchObject({ finishReason: '', characters: 1 });
    expect(gatherAnswer(readAnswer({ choices }) ?? []).choices).toHaveLength(2);
  }
});

it('of the only choice nothing is told beside what it says', () => {
  const types = (events: object[]) => partsOf(openaiChat, events).map(({ type }) => type);
  expect(types([role(0), chunk(0, { content: 'a' }), chunk(0, {}, 'stop')])).toEqual([
    'start',
    'text',
    'finish',
  ]);
  expect(types([role(0), role(1), role(2)])).toEqual([
    'start',
    'choice-start',
    'choice-start',
    'choice-start',
  ]);
});
