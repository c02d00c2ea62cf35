// A transcript that vLLM streams: chunks as of a chat, in which each piece of a longer sound ends for itself.
import { expect, it } from 'vitest';
import { openaiOperations } from '../../../../src/ai/dialects/operations/index.ts';
import { StreamWatch } from '../../../../src/ai/watch.ts';

const DONE = '[DONE]';

/** What is known of a stream that came byte by byte, and said that it was over. */
const factsOfEvents = (...events: object[]): StreamWatch => factsOfCut(...events, DONE);

/** The same of one that may not have. */
function factsOfCut(...events: (object | string)[]): StreamWatch {
  const watch = new StreamWatch(openaiOperations['openai-transcriptions']);
  const data = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  const bytes = Buffer.from(data.map((each) => `data: ${each}\n\n`).join(''));
  for (const byte of bytes) watch.see(Buffer.of(byte));
  watch.end();
  return watch;
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

it.each<[string, object[]]>([
  ['its first piece has ended', [chunk(' And', 'stop')]],
  ['several have', [chunk(' And', 'stop'), chunk(' so', 'stop')]],
  ['it has said what it came to', [chunk(' And', 'stop'), usage]],
])('it has not ended before it says so, though %s', (_, events) => {
  expect(factsOfCut(...events)).toMatchObject({ finishReason: '', done: false, failed: false });
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
