import { expect, it } from 'vitest';
import { openaiChat } from '../../../src/ai/dialects/openai-chat/index.ts';
import { StreamWatch } from '../../../src/ai/watch.ts';

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const said = (content: string): string => event({ choices: [{ delta: { content } }] });

function watched(...pieces: (string | Buffer)[]): StreamWatch {
  const watch = new StreamWatch(openaiChat);
  for (const piece of pieces) watch.see(Buffer.from(piece as string));
  return watch;
}

it('reads text, tool calls, finish reason, usage and the end', () => {
  const calls = [{ function: { name: 'find', arguments: '' } }, { function: { arguments: '{}' } }];
  const watch = watched(
    said('Hel') + said('lo'),
    event({ choices: [{ delta: { refusal: '!', reasoning_content: '?', tool_calls: calls } }] }),
    event({ choices: [{ delta: {}, finish_reason: 'stop' }] }),
    event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } }),
    'data: [DONE]\n\n',
  );

  expect(watch.text).toBe('Hello?!find{}');
  expect(watch.characters).toBe(13);
  expect(watch).toMatchObject({
    finishReason: 'tool_calls',
    done: true,
    begun: true,
    failed: false,
    blind: false,
  });
  expect(watch.usage).toEqual({ input: 5, output: 2, cached: 0 });
});

it('reads the same however the bytes were cut', () => {
  const bytes = Buffer.from(said('gr\u00fc\u00df \u{1f600}').replaceAll('\n', '\r\n'));
  for (let at = 1; at < bytes.length; at++) {
    expect(watched(bytes.subarray(0, at), bytes.subarray(at)).text).toBe('gr\u00fc\u00df \u{1f600}');
  }
});

it.each([
  ['an error in the data', event({ error: { message: 'no' } })],
  ['an event called error', 'event: error\ndata: no\n\n'],
])('knows a failure by %s', (_what, text) => {
  expect(watched(text).failed).toBe(true);
});

it.each([
  'data: null\n\n',
  'data: 5\n\n',
  'data: "x"\n\n',
  'data: {"choices":5}\n\n',
  'data: {"choices":[null,5,"x",{"delta":null},{"delta":{"content":5,"tool_calls":[null,{"function":7}]}}]}\n\n',
  'data: {"usage":null,"error":null}\n\n',
  'data: {"usage":{"prompt_tokens":1e999,"prompt_tokens_details":5}}\n\n',
])('lets pass what it can’t read: %s', (text) => {
  expect(watched(text)).toMatchObject({ text: '', usage: undefined, finishReason: '', failed: false });
});

it('begins with the first event that says something: comments and [DONE] don’t', () => {
  expect(watched(': hello\n\n', 'retry: 5\n\n', 'data: [DONE]\n\n').begun).toBe(false);
  expect(watched(said('a')).begun).toBe(true);
});

it('reads a last event without its empty line once the stream has ended', () => {
  const watch = watched('data: {"choices":[{"finish_reason":"length"}]}');
  expect(watch.finishReason).toBe('');
  watch.end();
  expect(watch.finishReason).toBe('length');
});

it('keeps the beginning of a long answer and the length of all of it', () => {
  const watch = watched(...Array.from({ length: 2_000 }, () => said('x'.repeat(100))));
  expect(watch.characters).toBe(200_000);
  expect(watch.text.length).toBe(64 * 1024);
});

it('gives up on an event without end, and says that it did', () => {
  const watch = watched(said('a'), 'data: ', ...Array.from({ length: 20 }, () => Buffer.alloc(500_000, 'x')));
  expect(watch.blind).toBe(true);
  watch.see(Buffer.from(said('b')));
  watch.end();
  expect(watch.text).toBe('a');
});
