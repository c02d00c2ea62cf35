// A transcript that streams, in the words of whoever writes it.
import { expect, it } from 'vitest';
import { openEventFraming } from '../../../../src/ai/event-framing.ts';
import { TranscriptPassage } from '../../../../src/ai/guards/transcript-passage.ts';
import type { ModelGuard } from '../../../../src/contracts/guard.ts';
import { GatewayError } from '../../../../src/errors/gateway-error.ts';
import { parseObject } from '../../../../src/lib/json.ts';

/** Holds all that it is told, and hides each cod in it. */
const hiding: ModelGuard = {
  openAnswer: () => {
    let held = '';
    return {
      take(text) {
        held += text;
        return '';
      },
      end: () => held.replaceAll('cod', '[X]'),
    };
  },
};
/** Sees all, and lets it by. */
const reporting: ModelGuard = { openAnswer: () => ({ take: (text) => text, end: () => '' }) };
const forbidding: ModelGuard = {
  openAnswer: () => ({
    take(text) {
      if (text.includes('cod')) throw new GatewayError('content_filtered');
      return text;
    },
    end: () => '',
  }),
};

/** What goes on of a stream of events; `!` stands for the event that says that it was ended. */
const through = (guard: ModelGuard, ...events: (object | string)[]): unknown[] =>
  throughNamed('', guard, ...events);

/** @param name of each of them */
function throughNamed(name: string, guard: ModelGuard, ...events: (object | string)[]): unknown[] {
  const written = events
    .map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
    .map((event) => (name === '' ? event : `event: ${name}\n${event}`));
  const bytes = Buffer.from(written.join(''));
  const told = bytesThrough(guard, [bytes]);
  expect(
    bytesThrough(
      guard,
      Array.from(bytes, (byte) => Buffer.of(byte)),
    ),
    'the same byte by byte',
  ).toEqual(told);
  return told;
}

function bytesThrough(guard: ModelGuard, chunks: Buffer[]): unknown[] {
  const passage = new TranscriptPassage([guard]);
  const events = openEventFraming(
    (frame) => passage.take(frame, parseObject(frame.data)),
    () => undefined,
  );
  let written = '';
  for (const chunk of chunks) {
    events.feed(chunk);
    written += passage.pass();
  }
  written += passage.last(passage.stopped?.code, () => 'data: !\n\n');
  const told: unknown[] = [];
  const framing = openEventFraming(
    ({ data }) => void told.push(parseObject(data) ?? data),
    () => undefined,
  );
  framing.feed(Buffer.from(written));
  return told;
}

const LOGPROBS = { logprobs: [{ token: 'cod', logprob: -1 }] };
const delta = (text: string) => ({ type: 'transcript.text.delta', delta: text });
const chunk = (content: string, finish: string | null = null) => ({
  object: 'transcription.chunk',
  choices: [{ delta: { content }, finish_reason: finish }],
});

it.each<[string, object[], unknown[]]>([
  [
    'OpenAI',
    [
      { ...delta('a c'), ...LOGPROBS },
      delta('od'),
      { type: 'transcript.text.done', text: 'a cod', ...LOGPROBS, usage: { input_tokens: 3 } },
    ],
    [delta('a [X]'), { type: 'transcript.text.done', text: 'a [X]', usage: { input_tokens: 3 } }],
  ],
  [
    'OpenAI, with who says it',
    [
      { type: 'transcript.text.segment', text: ' a cod', speaker: 'A' },
      delta('a cod swims'),
      { type: 'transcript.text.segment', text: ' swims', speaker: 'B' },
      { type: 'transcript.text.done', text: 'a cod swims' },
    ],
    [
      delta('a [X] swims'),
      { type: 'transcript.text.segment', text: ' a [X]', speaker: 'A' },
      { type: 'transcript.text.segment', text: ' swims', speaker: 'B' },
      { type: 'transcript.text.done', text: 'a [X] swims' },
    ],
  ],
  [
    'Mistral',
    [
      { type: 'transcription.language', audio_language: 'en' },
      { type: 'transcription.text.delta', text: 'a co' },
      { type: 'transcription.text.delta', text: 'd' },
      { type: 'transcription.done', text: 'a cod', segments: [{ text: 'a cod', start: 0 }] },
    ],
    [
      { type: 'transcription.language', audio_language: 'en' },
      { type: 'transcription.text.delta', text: 'a [X]' },
      { type: 'transcription.done', text: 'a [X]', segments: [{ text: 'a [X]', start: 0 }] },
    ],
  ],
  ['vLLM', [chunk('a co'), chunk('d'), chunk('', 'stop')], [chunk('a [X]', 'stop')]],
  [
    'vLLM, a piece of the sound after the other',
    [chunk('a c', 'stop'), chunk('o'), chunk('d', 'stop'), { choices: [], usage: { total_tokens: 3 } }],
    [chunk('', 'stop'), chunk('a [X]', 'stop'), { choices: [], usage: { total_tokens: 3 } }],
  ],
  [
    'who does not say what it is',
    [
      { text: 'a co', by: 'cod' },
      { text: 'd', by: 'cod' },
    ],
    [{ text: 'a [X]', by: '[X]' }],
  ],
  [
    'nobody that we know',
    [{ type: 'x', said: ['cod', { by: 'cod' }] }],
    [{ type: 'x', said: ['[X]', { by: '[X]' }] }],
  ],
])('what is hidden in the words of %s is hidden in all that says it', (_, events, told) => {
  expect(through(hiding, ...events)).toEqual(told);
});

it('an event may have its type in its name alone, and a text be no JSON', () => {
  const named = (name: string, ...texts: string[]) =>
    throughNamed(name, hiding, ...texts.map((text) => ({ text })));
  expect(named('transcription.text.delta', 'a co', 'd')).toEqual([{ text: 'a [X]' }]);
  expect(named('message', 'a co', 'd')).toEqual([{ text: 'a [X]' }]);
  expect(named('x.segment', 'a cod', 'swims')).toEqual([{ text: 'a [X]' }, { text: 'swims' }]);
  expect(named('x.done', 'a cod', 'a cod')).toEqual([{ text: 'a [X]' }, { text: 'a [X]' }]);
  expect(through(hiding, 'a co', 'd', '[DONE]')).toEqual(['a [X]', '[DONE]']);
  // Between events it is none of the text.
  expect(through(hiding, delta('a co'), 'ping cod', delta('d'))).toEqual(['ping [X]', delta('a [X]')]);
  expect(through(reporting, 'a co', 'd', { text: 'cod' })).toEqual(['a co', 'd', { text: 'cod' }]);
});

it('a line may be written as a string of JSON: it is read as what it says, and stays one', () => {
  const raw = (...lines: string[]) => {
    const passage = new TranscriptPassage([hiding]);
    for (const data of lines) passage.take({ event: '', data }, parseObject(data));
    return passage.last(undefined, () => '');
  };
  const escaped = String.raw`"a \u0063od"`;
  expect(raw(escaped, '"s\\n"', '[DONE]')).toBe('data: "a [X]s\\n"\n\ndata: [DONE]\n\n');
  expect(through(hiding, delta('a co'), escaped, delta('d'))).toEqual(['"a [X]"', delta('a [X]')]);
  // As it came, where nothing of it is changed.
  expect(through(reporting, escaped, '"b')).toEqual([escaped, '"b']);
  expect(through(reporting, delta('a'), escaped)).toEqual([delta('a'), escaped]);
});

it('it may be a list: the strings in it are read as what they say, and it stays one', () => {
  const escaped = String.raw`[ "a \u0063od", 7.50, {"cod":"cod"}]`;
  expect(through(hiding, delta('a co'), escaped, delta('d'))).toEqual([
    '[ "a [X]", 7.50, {"[X]":"[X]"}]',
    delta('a [X]'),
  ]);
  // Lines of nothing else are one text.
  expect(through(hiding, '["a", "c"]', '["od",{"cod":1}]', '[DONE]')).toEqual([
    '["a [X]",{"[X]":1}]',
    '[DONE]',
  ]);
  expect(through(hiding, String.raw`[{"\u0063od":1}]`)).toEqual(['[{"[X]":1}]']);
  expect(through(forbidding, String.raw`["\u0063od"]`, '["swims"]')).toEqual(['!']);
  expect(through(reporting, escaped, '[7]', '[]', '[music]')).toEqual([escaped, '[7]', '[]', '[music]']);
  expect(through(reporting, delta('a'), escaped)).toEqual([delta('a'), escaped]);
});

const usage = { choices: [], usage: { total_tokens: 3 } };

it('what comes behind the end of a piece goes on behind it', () => {
  for (const guard of [reporting, hiding])
    expect(through(guard, chunk('a', 'stop'), 'foo', usage, '[DONE]')).toEqual([
      chunk('a', 'stop'),
      'foo',
      usage,
      '[DONE]',
    ]);
});

it('and ends no text, which may go on behind that', () => {
  for (const between of [usage, 'foo', '["foo"]', { type: 'x' }])
    expect(through(hiding, chunk('a c', 'stop'), between, chunk('od', 'stop'))).toEqual([
      chunk('', 'stop'),
      between,
      chunk('a [X]', 'stop'),
    ]);
});

it('an end that says nothing more goes on behind the text that is held back', () => {
  const end = (delta: object) => ({ choices: [{ delta, finish_reason: 'stop' }] });
  for (const delta of [{}, { content: null }, { role: 'assistant' }])
    expect(through(hiding, chunk('a c'), chunk('od'), end(delta), usage, '[DONE]')).toEqual([
      end({ ...delta, content: 'a [X]' }),
      usage,
      '[DONE]',
    ]);
  // Nor does it end the text, which may go on in the next piece of the sound.
  expect(through(hiding, chunk('a c'), end({}), chunk('od', 'stop'))).toEqual([
    end({}),
    chunk('a [X]', 'stop'),
  ]);
  for (const guard of [reporting, forbidding])
    expect(through(guard, chunk('a '), end({}), usage, '[DONE]')).toEqual([
      chunk('a '),
      end({}),
      usage,
      '[DONE]',
    ]);
  expect(through(hiding, end({ x: 'cod' }))).toEqual([end({ x: '[X]' })]);
});

it.each([
  'transcription.language.done',
  'x.done',
])('an event that nobody knows (%s) ends no text, and goes before none of it', (type) => {
  const done = { type, said: 'cod' };
  const hidden = { type, said: '[X]' };
  expect(through(hiding, delta('a c'), done, delta('od'))).toEqual([hidden, delta('a [X]')]);
  expect(through(hiding, delta('a cod'), done)).toEqual([delta('a [X]'), hidden]);
  expect(through(hiding, delta('a cod'), done, usage, '[DONE]')).toEqual([
    delta('a [X]'),
    hidden,
    usage,
    '[DONE]',
  ]);
  expect(through(hiding, chunk('a c', 'stop'), done, chunk('od', 'stop'))).toEqual([
    chunk('', 'stop'),
    hidden,
    chunk('a [X]', 'stop'),
  ]);
  expect(through(reporting, delta('a c'), done, delta('od'))).toEqual([delta('a c'), done, delta('od')]);
  // What it says of the text is read like a transcript, whose words are left out where they say it otherwise.
  expect(through(hiding, { type, text: 'a cod', words: [{ word: 'co' }, { word: 'd' }] })).toEqual([
    { type, text: 'a [X]' },
  ]);
});

it('but it waits no longer than there is room', () => {
  const passage = new TranscriptPassage([hiding]);
  const take = (data: string) => passage.take({ event: '', data }, parseObject(data));
  take(JSON.stringify(chunk('a c', 'stop')));
  const much = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 3; i++) take(much);
  expect(passage.pass()).toBe('');
  take(much);
  const frame = (data: string | object) =>
    `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
  expect(passage.pass() === frame(chunk('', 'stop')) + frame(much).repeat(4)).toBe(true);
  take(JSON.stringify(chunk('od', 'stop')));
  expect(passage.last(undefined, () => '')).toBe(frame(chunk('a [X]', 'stop')));
});

it('what was let through goes on, and the end of a piece with it, before it is said that the rest failed', () => {
  const passage = new TranscriptPassage([reporting]);
  const data = JSON.stringify(chunk('a', 'stop'));
  passage.take({ event: '', data }, parseObject(data));
  passage.take({ event: '', data: 'foo' }, undefined);
  expect(passage.last('upstream_truncated', () => 'data: !\n\n')).toBe(
    `data: ${data}\n\ndata: foo\n\ndata: !\n\n`,
  );
});

it('what is held back goes on before the stream ends, however it does', () => {
  expect(through(hiding, chunk('a cod'), '[DONE]')).toEqual([chunk('a [X]'), '[DONE]']);
  expect(through(hiding, delta('a cod'))).toEqual([delta('a [X]')]);
});

it('where nothing is changed or held back, all goes on as it came', () => {
  const events = [
    { ...delta('a '), ...LOGPROBS },
    { ...delta('cod'), ...LOGPROBS },
    { type: 'transcript.text.done', text: 'a cod', ...LOGPROBS },
    '[DONE]',
  ];
  expect(through(reporting, ...events)).toEqual(events);
});

it('what is forbidden ends it', () => {
  expect(through(forbidding, delta('a '), delta('cod'), delta('swims'))).toEqual([delta('a '), '!']);
  expect(through(forbidding, { type: 'x', text: 'cod' }, delta('swims'))).toEqual(['!']);
});

it('a segment that was changed says nothing once more in its words', () => {
  const segment = (text: string) => ({ type: 'transcript.text.segment', text });
  const words = [{ word: 'a' }, { word: 'cod' }];
  const said = [
    { ...segment('a cod'), words },
    { ...segment(' swims'), words: [{ word: 'swims' }] },
  ];
  expect(through(hiding, ...said)).toEqual([segment('a [X]'), said[1]]);
});
