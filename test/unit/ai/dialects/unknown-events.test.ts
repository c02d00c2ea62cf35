// Streams that nobody here knows say what they came to at their end, wherever they say it.
import { expect, it } from 'vitest';
import { openaiOperations } from '../../../../src/ai/dialects/operations/index.ts';
import { UnknownEventReader } from '../../../../src/ai/dialects/operations/unknown-events.ts';
import { PartFacts } from '../../../../src/ai/part-facts.ts';

type Event = Record<string, unknown>;

function reading() {
  const facts = new PartFacts();
  const reader = new UnknownEventReader((part) => facts.take(part));
  return {
    facts,
    reader,
    read: (...events: Event[]) => {
      for (const event of events) reader.read(event, '');
    },
  };
}

const usage = { prompt_tokens: 5, completion_tokens: 9 };

it.each<[string, Event[], Event]>([
  [
    'Anthropic’s messages',
    [
      { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } },
      { type: 'content_block_delta', delta: { text: 'Hi there' } },
    ],
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
  ],
  [
    'OpenAI’s completions',
    [
      {
        choices: [{ text: 'Hi there', finish_reason: null }],
        usage: { prompt_tokens: 5, completion_tokens: 2 },
      },
    ],
    { choices: [{ text: '', finish_reason: 'stop' }], usage },
  ],
  [
    'OpenAI’s responses',
    [
      { type: 'response.created', response: {} },
      { type: 'response.output_text.delta', delta: 'Hi there' },
    ],
    { type: 'response.completed', response: { usage: { input_tokens: 5, output_tokens: 9 } } },
  ],
  [
    'Ollama’s chats',
    [
      {
        model: 'llama3.2',
        created_at: '2026-11-30T12:00:00.123456Z',
        message: { role: 'assistant', content: 'Hi there' },
        done: false,
      },
    ],
    {
      model: 'llama3.2',
      created_at: '2026-11-30T12:00:01.123456Z',
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'stop',
      total_duration: 4883583458,
      load_duration: 1334875,
      prompt_eval_count: 5,
      prompt_eval_duration: 342546000,
      eval_count: 9,
      eval_duration: 4535599000,
    },
  ],
  [
    'Ollama’s texts',
    [{ model: 'llama3.2', response: 'Hi there', done: false }],
    {
      model: 'llama3.2',
      response: '',
      done: true,
      done_reason: 'stop',
      context: [1, 2, 3],
      prompt_eval_count: 5,
      eval_count: 9,
    },
  ],
  [
    'Titan',
    [{ outputText: 'Hi there', completionReason: null, inputTextTokenCount: 5 }],
    { outputText: '', completionReason: 'FINISH', inputTextTokenCount: 5, totalOutputTextTokenCount: 9 },
  ],
  [
    'Llama',
    [{ generation: 'Hi there', stop_reason: null }],
    {
      generation: '',
      stop_reason: 'stop',
      'amazon-bedrock-invocationMetrics': { inputTokenCount: 5, outputTokenCount: 9 },
    },
  ],
  [
    'Google',
    [
      {
        candidates: [{ content: { parts: [{ text: 'Hi there' }] } }],
        usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2 },
      },
    ],
    {
      candidates: [{ content: { parts: [] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 9 },
    },
  ],
])('%s', (_whose, before, end) => {
  const { facts, read } = reading();

  read(...before);
  expect([facts.usage, facts.finishReason, facts.text]).toEqual([undefined, '', 'Hi there']);
  read(end);

  expect(facts.usage).toMatchObject({ input: 5, output: 9 });
  expect([facts.finishReason, facts.text]).toEqual(['stop', 'Hi there']);
});

it('one that says nothing of its end has one nevertheless: it is over, or says [DONE]', () => {
  for (const finish of ['end', 'close'] as const) {
    const { facts, reader, read } = reading();
    read({ output: 'x', usage });
    expect([facts.usage, facts.finishReason]).toEqual([undefined, '']);
    reader[finish](false);
    expect([facts.usage?.output, facts.finishReason]).toEqual([9, 'stop']);
  }
});

it('one that has said nothing has not ended well, nor has one that failed', () => {
  const silent = reading();
  silent.reader.close(false);
  silent.reader.end();
  expect(silent.facts.finishReason).toBe('');

  const { facts, reader, read } = reading();
  read({ type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } });
  reader.read({ message: 'Too many.' }, 'throttlingException');
  reader.close(false);
  expect([facts.failed, facts.usage, facts.earlyUsage?.input]).toEqual([true, undefined, 5]);
});

it('why one failed is said as its status would have said it', () => {
  for (const [name, status] of [
    ['throttlingException', 429],
    ['accessDeniedException', 403],
    ['modelStreamErrorException', 0],
  ] as const) {
    const { facts, reader } = reading();
    reader.read({ message: 'No.' }, name);
    expect([facts.failure?.message, facts.failedWith]).toEqual(['No.', status]);
  }
});

it.each<[string, Event, object]>([
  ['by its code', { type: 'error', message: 'x', code: 'rate_limit_exceeded' }, { status: 429 }],
  [
    'by its type',
    { type: 'error', error: { message: 'x', code: null, type: 'server_error' } },
    { status: 500 },
  ],
  [
    'by its type, where its code is the account’s',
    { error: { message: 'x', code: null, type: 'insufficient_quota' } },
    { status: 429, quotaSpent: true },
  ],
])('so it is of pictures and sound: %s', (_how, event, why) => {
  const parts: object[] = [];
  openaiOperations['openai-images'].openStream?.((part) => void parts.push(part)).read(event, '');
  expect(parts).toEqual([{ type: 'error', message: 'x', ...why }]);
});

it('of one that could not be read to its end nobody knows what it said there', () => {
  const { facts, reader, read } = reading();
  read({ output: 'x', usage });
  reader.close(true);
  expect([facts.usage, facts.earlyUsage?.output, facts.finishReason]).toEqual([undefined, 9, 'stop']);
});

it('what is said once more at an end is not counted twice', () => {
  const { facts, read } = reading();
  read(
    { type: 'response.output_text.delta', delta: 'Hi there' },
    { type: 'response.output_text.done', text: 'Hi there' },
    { type: 'response.output_item.done', item: { content: [{ text: 'Hi there' }] } },
  );
  expect(facts.text).toBe('Hi there');
});

it('each picture says its own', () => {
  const { facts, reader, read } = reading();
  const picture = {
    type: 'image_edit.completed',
    b64_json: 'iVBO',
    usage: { input_tokens: 3, output_tokens: 272 },
  };
  read(picture, picture);
  reader.close(false);
  expect(facts.usage).toMatchObject({ input: 6, output: 544, images: 2 });
});
