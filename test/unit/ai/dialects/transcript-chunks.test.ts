// A transcript that vLLM streams: chunks as of a chat, in which each piece of a longer sound ends for itself.
import { expect, it } from 'vitest';
import { openaiOperations } from '../../../../src/ai/dialects/operations/index.ts';
import { factsOf } from '../../../../src/ai/part-facts.ts';
import type { JsonObject } from '../../../../src/contracts/model-request.ts';
import type { StreamPart } from '../../../../src/contracts/stream-part.ts';

function factsOfEvents(...events: object[]) {
  const parts: StreamPart[] = [];
  const reader = openaiOperations['openai-transcriptions'].openStream((part) => void parts.push(part));
  for (const event of events) reader.read(event as JsonObject, '');
  return factsOf(parts);
}

const chunk = (content: string, reason?: string) => ({
  id: 'transcribe-1',
  object: 'transcription.chunk',
  choices: [{ delta: { content }, ...(reason && { finish_reason: reason, stop_reason: null }) }],
});
const usage = {
  object: 'transcription.chunk',
  choices: [],
  usage: { prompt_tokens: 1500, completion_tokens: 20, total_tokens: 1520 },
};

it.each<[string, object[], string]>([
  ['has ended with its only piece', [chunk(' And'), chunk(' so', 'stop'), usage], 'stop'],
  ['has ended with the last of several', [chunk(' And', 'stop'), chunk(' so', 'stop')], 'stop'],
  ['has not ended while a piece goes on', [chunk(' And', 'stop'), chunk(' so')], ''],
  ['has not ended before one has', [chunk(' And')], ''],
  ['was cut where one was', [chunk(' And', 'length'), chunk(' so'), chunk('', 'stop')], 'length'],
])('it %s', (_, events, reason) => {
  expect(factsOfEvents(...events).finishReason).toBe(reason);
});

it('what it came to is read where it is said', () => {
  expect(factsOfEvents(chunk(' And', 'stop'), usage).usage).toMatchObject({ input: 1500, output: 20 });
  expect(factsOfEvents({ ...chunk(' And'), usage: usage.usage }).usage).toMatchObject({ output: 20 });
});

it.each<[string, object, number]>([
  ['as vLLM says it', { error: { message: 'out of memory', type: 'InternalServerError', code: 500 } }, 500],
  ['as OpenAI does', { type: 'error', message: 'out of memory' }, 0],
  ['as a piece that was given up', chunk('', 'abort'), 0],
])('that it failed is no end (%s)', (_, said, status) => {
  const { failed, failedWith, finishReason } = factsOfEvents(chunk(' And'), said);
  expect([failed, failedWith, finishReason]).toEqual([true, status, '']);
});
