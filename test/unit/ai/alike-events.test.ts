import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AlikeEvents } from '../../../src/ai/alike-events.ts';
import { anthropicMessages } from '../../../src/ai/dialects/anthropic-messages/index.ts';
import { openaiChat } from '../../../src/ai/dialects/openai-chat/index.ts';
import { StreamWatch } from '../../../src/ai/watch.ts';
import type { Dialect } from '../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';

/** What a stream of events says that comes in pieces of a size, read as it is, or each event by itself. */
function partsOf(dialect: Dialect, events: readonly string[], size: number, isEach: boolean): StreamPart[] {
  const parts: StreamPart[] = [];
  const openStream: Dialect['openStream'] = (emit) => {
    const reader = dialect.openStream?.(emit);
    return { read: (event, name) => reader?.read(event, name), readsAlike: !isEach };
  };
  const watch = new StreamWatch({ ...dialect, openStream }, (part) => void parts.push(part));
  const bytes = Buffer.from(events.map((event) => `data: ${event}\n\n`).join(''));
  for (let at = 0; at < bytes.length; at += size) watch.see(bytes.subarray(at, at + size));
  watch.end();
  return parts;
}

const chunk = (delta: object, more: object = {}, index = 0): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index, delta, finish_reason: null }],
  ...more,
});
const delta = (text: string): object => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
});

/** Texts as models write them, and those that could be taken for what stands around them. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '',
    'content',
    'text',
    ',',
    ':',
    '":"',
    ',"',
    'm',
    '1',
    '\\',
    '\n',
    '"',
    '}]}',
    'null',
    ' é',
    '…',
  ),
);
const chat = text.chain((said) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(chunk({ content: said })) },
    fc.constantFrom(
      chunk({ content: said, role: 'assistant' }),
      chunk({ content: said }, { created: 2 }),
      chunk({ content: said }, { usage: null }),
      chunk({ content: said }, { obfuscation: 'aB3' }),
      chunk({ content: said }, { obfuscation: said }),
      chunk({ content: said }, {}, 1),
      chunk({ reasoning_content: said }),
      chunk({ content: said }, { choices: [0, 1].map((index) => ({ index, delta: { content: said } })) }),
      chunk({ content: said }, { choices: [{ index: 0, delta: { content: said }, finish_reason: 'stop' }] }),
      chunk({ content: said }, { service_tier: said }),
      chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: said } }] }),
      chunk({}, { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }),
      chunk({ content: said }, { error: { message: said } }),
    ),
  ),
);
const messages = text.chain((said) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(delta(said)) },
    fc.constantFrom<object>(
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: said } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: said } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: said } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
    ),
  ),
);

test.each([
  ['chunks of a chat', openaiChat, chat],
  ['events of a message', anthropicMessages, messages],
] as const)('%s say the same whether each is parsed or not', (_, dialect, event) => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 40, size: 'max' }),
      fc.constantFrom(1, 100, 400, 1e6),
      (events, size) => {
        const said = events.map((each) => JSON.stringify(each));
        expect(partsOf(dialect, said, size, false)).toEqual(partsOf(dialect, said, size, true));
      },
    ),
    { numRuns: 500 },
  );
});

const part = (said: string) => ({ type: 'text', text: said }) as const;
const event = (said: string, id = 'a'): Buffer => Buffer.from(`data: {"id":"${id}","text":"${said}"}\n\n`);

test('an event like the last is read without being parsed; what ends its string, or stands elsewhere, is not', () => {
  const alike = new AlikeEvents();
  expect(alike.read(event('Hello'), 0)).toBeUndefined();
  alike.learn(event('Hello'), part('Hello'));
  const two = Buffer.concat([event(' wörld: '), event('!')]);
  expect(alike.read(two, 0)).toEqual(part(' wörld: '));
  expect(alike.read(two, alike.end)).toEqual(part('!'));
  expect(alike.end).toBe(two.length);
  for (const said of ['', 'a\\n', 'a","text":"b', 'a\u0007'])
    expect(alike.read(event(said), 0)).toBeUndefined();
  expect(alike.read(event('Hello', 'b'), 0)).toBeUndefined();
  expect(alike.read(event('Hello').subarray(0, -1), 0)).toBeUndefined();
  alike.forget();
  expect(alike.read(event('Hello'), 0)).toBeUndefined();
});

test('a text whose place is not sure is not learnt, and a stream whose events never are alike is not asked for ever', () => {
  const alike = new AlikeEvents();
  alike.learn(event('text'), part('text'));
  expect(alike.read(event('other'), 0)).toBeUndefined();
  for (let at = 0; at < 20; at++) alike.learn(event('Hello', String(at)), part('Hello'));
  expect(alike.isOver).toBe(true);
});

test('the padding that OpenAI puts behind each chunk is passed over', () => {
  const alike = new AlikeEvents();
  const padded = (said: string, padding: string): Buffer =>
    Buffer.from(`data: {"text":"${said}","obfuscation":"${padding}"}\n\n`);
  alike.learn(padded('Hello', 'x1'), part('Hello'));
  expect(alike.read(padded('you', 'y'), 0)).toEqual(part('you'));
  expect(alike.read(Buffer.from('data: {"text":"you"}\n\n'), 0)).toBeUndefined();
});
