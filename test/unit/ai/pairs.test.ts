// What one vendor says, in the words of another: nothing of it is lost, and a bad end stays a bad end.
import { describe, expect, it } from 'vitest';
import { openaiResponses } from '../../../src/ai/dialects/openai-responses/index.ts';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import { factsOf } from '../../../src/ai/part-facts.ts';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import { openaiServices } from '../../../src/ai/providers/openai.ts';
import { Translation } from '../../../src/ai/translation.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import type { Provider } from '../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';

const openai = openaiServices.openai as Provider;
const service = (name: keyof typeof openaiServices): Provider => openaiServices[name] as Provider;
const HI = { role: 'user', content: 'Hi' };
const ASKS: Readonly<Partial<Record<FormatName, object>>> = {
  'openai-chat': { model: 'm', messages: [HI] },
  'anthropic-messages': { model: 'm', max_tokens: 100, messages: [HI] },
  'openai-responses': { model: 'm', input: 'Hi' },
};

function between(from: FormatName, to: Provider, body: object = ASKS[from] ?? {}) {
  const format = CHAT_FORMATS.find(({ name }) => name === from);
  if (!format) throw new Error(from);
  const name = { id: 'r1', requestId: 'r1', model: 'smart', created: 1 };
  return new Translation(format.readRequest({ ...body }), format, to.translated, to.readError, name);
}

const sent = (from: FormatName, to: Provider, body: object, model = 'm'): JsonObject =>
  JSON.parse(between(from, to, body).request({ model, stream: false }).toString());

/** A whole answer of a provider, as a client of the format gets it. */
function answered(from: FormatName, to: Provider, said: object): JsonObject {
  const parts = to.translated.readAnswer(said as JsonObject);
  return JSON.parse(
    between(from, to)
      .answer(parts ?? [])
      ?.toString() ?? '',
  );
}

function read(to: Provider, events: readonly object[]): StreamPart[] {
  const parts: StreamPart[] = [];
  const reader = to.translated.openStream?.((part) => parts.push(part));
  for (const event of events) reader?.read(event as JsonObject, '');
  return parts;
}

function written(from: FormatName, parts: readonly StreamPart[]): JsonObject[] {
  const writer = between(from, openai).openStream();
  const text = parts.map((part) => writer?.write(part)).join('') + writer?.end();
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as JsonObject);
}

describe('A model that will not', () => {
  it('of Anthropic’s is incomplete as a response', () => {
    const said = { type: 'message', id: 'm', model: 'c', content: [], stop_reason: 'refusal' };
    expect(answered('openai-responses', anthropic, said)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
    });
  });

  it.each(['whole', 'stream'])('of OpenAI’s stops a message with a refusal (%s)', (how) => {
    const refusal = 'I can’t help with that.';
    const whole = { choices: [{ message: { refusal }, finish_reason: 'stop' }] };
    const stream = [
      { choices: [{ delta: { refusal } }] },
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
    ];
    const end =
      how === 'whole'
        ? answered('anthropic-messages', openai, whole)
        : written('anthropic-messages', read(openai, stream)).find(({ type }) => type === 'message_delta')
            ?.delta;
    expect(end).toMatchObject({ stop_reason: 'refusal' });
  });
});

it.each<[string, unknown, string]>([
  ['a Python server’s', { detail: [{ loc: ['body', 'n'], msg: 'too many' }] }, 'body.n: too many'],
  [
    'Mistral’s',
    { object: 'error', message: { detail: [{ loc: ['body', 'user'], msg: 'Extra inputs' }] } },
    'body.user: Extra inputs',
  ],
  ['Cloudflare’s', { success: false, errors: [{ code: 7, message: 'No such model' }] }, 'No such model'],
  ['Google’s list', [{ error: { code: 400, message: 'Bad key' } }], 'Bad key'],
  ['one that nobody knows', { oops: 1 }, '{"oops":1}'],
])('%s refusal is in the client’s shape, with its words', (_who, said, message) => {
  const body = between('anthropic-messages', openai).refusal(422, Buffer.from(JSON.stringify(said)));
  expect(JSON.parse(String(body))).toMatchObject({
    type: 'error',
    error: { type: 'invalid_request_error', message },
  });
});

it.each([9e15, 1.5, -1, 'x'])('a number that is of no choice (%s) makes no room for as many', (index) => {
  const content = { parts: [{ text: 'Hi' }] };
  const said = { candidates: [{ index, content, finishReason: 'STOP' }] };
  expect(answered('openai-chat', gemini, said)).toMatchObject({ choices: [{ message: { content: 'Hi' } }] });
  const parts = read(openai, [{ choices: [{ index, delta: { content: 'Hi' } }] }]);
  expect(parts.at(-1)).toEqual({ type: 'text', text: 'Hi', choice: undefined });
});

describe('How an answer ended', () => {
  const ofChat = (word: string) => ({ choices: [{ message: { content: 'Half' }, finish_reason: word }] });
  const ofGemini = (word: string) => ({
    candidates: [{ content: { parts: [{ text: 'Half' }] }, finishReason: word }],
  });
  const ofCohere = (word: string) => ({ message: { content: [{ text: 'Half' }] }, finish_reason: word });
  const ofBedrock = (word: string) => ({
    output: { message: { content: [{ text: 'Half' }] } },
    stopReason: word,
  });

  it.each<[string, Provider, object]>([
    ['Mistral’s error', service('mistral'), ofChat('error')],
    ['DeepSeek’s interruption', service('deepseek'), ofChat('insufficient_system_resource')],
    ['Zhipu’s network error', service('zhipu'), ofChat('network_error')],
    ['Gemini’s malformed call', gemini, ofGemini('MALFORMED_FUNCTION_CALL')],
    ['Gemini’s call of no tool', gemini, ofGemini('UNEXPECTED_TOOL_CALL')],
    ['Gemini’s unnamed reason', gemini, ofGemini('OTHER')],
    ['a word that Gemini did not have', gemini, ofGemini('WORD_OF_TOMORROW')],
    ['Cohere’s error', cohere, ofCohere('ERROR')],
    ['Cohere’s timeout', cohere, ofCohere('TIMEOUT')],
    ['Bedrock’s malformed call', bedrock, ofBedrock('malformed_tool_use')],
  ])('%s is a failure, not an end', (_, to, said) => {
    const types = to.translated.readAnswer(said as JsonObject)?.map(({ type }) => type);
    expect(types).toContain('error');
    expect(types).not.toContain('finish');
  });

  it.each<[string, Provider, object, string]>([
    ['Mistral’s full window', service('mistral'), ofChat('model_length'), 'length'],
    ['Zhipu’s filter', service('zhipu'), ofChat('sensitive'), 'content_filter'],
    ['Zhipu’s full window', service('zhipu'), ofChat('model_context_window_exceeded'), 'length'],
    ['Claude’s limit, behind another service', service('databricks'), ofChat('max_tokens'), 'length'],
    ['an older call', openai, ofChat('function_call'), 'tool_calls'],
    ['Gemini’s filter of images', gemini, ofGemini('IMAGE_PROHIBITED_CONTENT'), 'content_filter'],
    ['Gemini’s limit of one request', gemini, ofGemini('CONTINUATION'), 'length'],
    ['Cohere’s limit', cohere, ofCohere('ERROR_LIMIT'), 'length'],
  ])('%s is called by its name', (_, to, said, reason) => {
    expect(answered('openai-chat', to, said)).toMatchObject({ choices: [{ finish_reason: reason }] });
  });
});

describe('Calls of tools', () => {
  const call = (index: number, rest: object) => ({
    choices: [{ delta: { tool_calls: [{ index, ...rest }] } }],
  });
  const end = { choices: [{ delta: {}, finish_reason: 'tool_calls' }] };

  it('that a provider interleaves are blocks of a message one after the other', () => {
    const events = written(
      'anthropic-messages',
      read(openai, [
        call(0, { id: 'a', function: { name: 'left', arguments: '' } }),
        call(1, { id: 'b', function: { name: 'right', arguments: '' } }),
        call(0, { function: { arguments: '{"x":' } }),
        call(1, { function: { arguments: '{"y":2}' } }),
        call(0, { function: { arguments: '1}' } }),
        { choices: [{ delta: { content: 'Done.' } }] },
        end,
      ]),
    );
    const told = events.flatMap(({ type, index, delta, content_block: block }) => {
      if (type === 'content_block_start') return [`start ${index} ${(block as JsonObject).type}`];
      if (type === 'content_block_stop') return [`stop ${index}`];
      const { partial_json: json, text } = (delta ?? {}) as JsonObject;
      return type === 'content_block_delta' ? [`${index} ${json ?? text}`] : [];
    });
    expect(told).toEqual([
      ...['start 0 tool_use', '0 {"x":', '0 1}', 'stop 0'],
      ...['start 1 tool_use', '1 {"y":2}', 'stop 1'],
      ...['start 2 text', '2 Done.', 'stop 2'],
    ]);
  });

  it('without arguments hold nothing back at the end', () => {
    const events = written(
      'anthropic-messages',
      read(openai, [
        call(0, { id: 'a', function: { name: 'left' } }),
        call(1, { id: 'b', function: { name: 'right' } }),
        end,
      ]),
    );
    const names = events.flatMap(({ content_block: block }) => (block ? [(block as JsonObject).name] : []));
    expect(names).toEqual(['left', 'right']);
  });

  it('have their name, also where it comes after the id', () => {
    const parts = read(openai, [call(0, { id: 'a', function: {} }), call(0, { function: { name: 'left' } })]);
    expect(parts.filter(({ type }) => type === 'tool-call-start')).toMatchObject([{ id: 'a', name: 'left' }]);
  });

  const calls = ['a', 'b'].map((id) => ({ id, type: 'function', function: { name: 'w', arguments: '{}' } }));
  const results = ['b', 'a'].map((id) => ({ role: 'tool', tool_call_id: id, content: `of ${id}` }));
  const history = { model: 'm', messages: [HI, { role: 'assistant', tool_calls: calls }, ...results] };

  it('of one tool keep their results apart in Gemini, in whichever order those came', () => {
    const { contents } = sent('openai-chat', gemini, history, 'gemini-2.5-flash') as {
      contents: JsonObject[];
    };
    expect(contents.at(-1)?.parts).toEqual([
      { functionResponse: { name: 'w', response: { output: 'of a' } } },
      { functionResponse: { name: 'w', response: { output: 'of b' } } },
    ]);
  });

  it.each(['gemini-3-pro', 'gemini-flash-latest'])('have ids for %s, and signatures', (model) => {
    const { contents } = sent('openai-chat', gemini, history, model) as { contents: JsonObject[] };
    expect(contents.slice(1)).toMatchObject([
      {
        parts: [
          { functionCall: { id: 'a' }, thoughtSignature: expect.any(String) },
          { functionCall: { id: 'b' } },
        ],
      },
      { parts: [{ functionResponse: { id: 'a' } }, { functionResponse: { id: 'b' } }] },
    ]);
  });

  it('that Gemini signs go to the client and come back with their signatures', () => {
    const said = {
      candidates: [
        {
          content: { parts: [{ functionCall: { name: 'w', args: {} }, thoughtSignature: 'c2ln' }] },
          finishReason: 'STOP',
        },
      ],
    };
    const { choices } = answered('openai-chat', gemini, said) as { choices: { message: JsonObject }[] };
    const message = choices[0]?.message as JsonObject & { tool_calls: { id: string }[] };
    const result = { role: 'tool', tool_call_id: message.tool_calls[0]?.id, content: 'x' };
    const next = sent('openai-chat', gemini, { model: 'm', messages: [HI, message, result] }, 'gemini-3-pro');
    expect((next.contents as JsonObject[])[1]).toMatchObject({ parts: [{ thoughtSignature: 'c2ln' }] });
    const again = answered('openai-chat', gemini, said) as typeof next;
    expect(JSON.stringify(again), 'each answer’s calls have ids of their own').not.toContain(
      result.tool_call_id,
    );
  });

  const told = { id: 'a', type: 'function', function: { name: 'w', arguments: '{"x":1}' } };
  const forced = (args: unknown = '{"x":1}', finish = 'stop') => ({
    choices: [
      {
        message: { content: null, tool_calls: [{ ...told, function: { name: 'w', arguments: args } }] },
        finish_reason: finish,
      },
    ],
  });

  it('that the model was told to make end a message as calls, though OpenAI says stop', () => {
    const whole = answered('anthropic-messages', openai, forced());
    const stream = written(
      'anthropic-messages',
      read(openai, [call(0, told), { choices: [{ delta: {}, finish_reason: 'stop' }] }]),
    );
    expect(whole).toMatchObject({ stop_reason: 'tool_use' });
    expect(stream.find(({ type }) => type === 'message_delta')?.delta).toMatchObject({
      stop_reason: 'tool_use',
    });
  });

  it('whose arguments come as an object keep them', () => {
    const tgi = service('tgi');
    expect(answered('anthropic-messages', tgi, forced({ x: 1 }))).toMatchObject({
      content: [{ input: { x: 1 } }],
    });
    const streamed = read(tgi, [call(0, { id: 'a', function: { name: 'w', arguments: { x: 1 } } })]);
    expect(streamed.at(-1)).toMatchObject({ type: 'tool-call-arguments', text: '{"x":1}' });
  });

  it('whose arguments are no object are no message: they would be lost', () => {
    const asMessage = (said: object) =>
      between('anthropic-messages', openai).answer(openai.translated.readAnswer(said as JsonObject) ?? []);
    expect(asMessage(forced('{"x":'))).toBeUndefined();
    expect(asMessage(forced(''))).toBeDefined();
    // Cut by the client's own limit, as its end says.
    expect(asMessage(forced('{"x":', 'length'))).toBeDefined();
    expect(answered('openai-responses', openai, forced('{"x":'))).toMatchObject({
      output: [{ arguments: '{"x":' }],
    });
  });

  it('that failed without a word are said to have failed', () => {
    const use = { type: 'tool_use', id: 'a', name: 'w', input: {} };
    const result = { type: 'tool_result', tool_use_id: 'a', is_error: true };
    const messages = [HI, { role: 'assistant', content: [use] }, { role: 'user', content: [result] }];
    for (const to of [openai, cohere]) {
      const asked = sent('anthropic-messages', to, { model: 'm', max_tokens: 9, messages });
      expect((asked.messages as JsonObject[]).at(-1)).toMatchObject({ content: 'The tool failed.' });
    }
  });
});

describe('What a client may send to any of them', () => {
  it.each([anthropic, bedrock, gemini])('an assistant’s turn without a word (%#)', (to) => {
    const messages = [HI, { role: 'assistant', content: '' }, { role: 'user', content: 'Still there?' }];
    const asked = sent('openai-chat', to, { model: 'm', max_tokens: 9, messages });
    const turns = (asked.messages ?? asked.contents) as JsonObject[];
    expect(turns.map(({ role }) => role)).toEqual(['user']);
    expect(Object.values(turns[0] ?? {}).find(Array.isArray)).toHaveLength(2);
  });

  it.each([
    anthropic,
    bedrock,
    gemini,
    cohere,
    service('deepseek'),
  ])('whose user asks, and tags (%#)', (to) => {
    const extra = { user: 'ann', metadata: { tags: 'web' } };
    expect(() => sent('openai-chat', to, { model: 'm', messages: [HI], ...extra })).not.toThrow();
  });

  it('that no thinking is wanted, where it is not usual anyway', () => {
    const asked = { model: 'm', max_tokens: 9, messages: [HI], thinking: { type: 'disabled' } };
    expect(sent('anthropic-messages', openai, asked)).not.toHaveProperty('reasoning_effort');
    const said = { model: 'm', input: 'Hi', reasoning: { effort: 'none' } };
    expect(sent('openai-responses', openai, said)).toMatchObject({ reasoning_effort: 'none' });
  });

  it('what was thought, to those who want it back with their calls', () => {
    const content = [
      { type: 'thinking', thinking: 'Look first.', signature: '' },
      { type: 'tool_use', id: 'a', name: 'w', input: {} },
    ];
    const result = { type: 'tool_result', tool_use_id: 'a', content: 'x' };
    const messages = [HI, { role: 'assistant', content }, { role: 'user', content: [result] }];
    const asked = { model: 'm', max_tokens: 9, messages };
    const turn = (to: Provider): unknown =>
      (sent('anthropic-messages', to, asked).messages as JsonObject[])[1];
    expect(turn(service('deepseek'))).toMatchObject({ reasoning_content: 'Look first.' });
    expect(turn(openai)).not.toHaveProperty('reasoning_content');
  });
});

it('a picture that OpenRouter’s models made reaches who speaks otherwise', () => {
  const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } }];
  const said = { choices: [{ message: { content: 'Here.', images }, finish_reason: 'stop' }] };
  expect(answered('openai-responses', service('openrouter'), said)).toMatchObject({
    output: [{ type: 'message' }, { type: 'image_generation_call', result: 'aGk=' }],
  });
  expect(JSON.stringify(answered('anthropic-messages', service('openrouter'), said))).toContain(
    'base64,aGk=',
  );
});

it('of a response, how likely its tokens were is known, and what is no text is something', () => {
  const logprobs = [{ token: 'Hi', logprob: Math.log(0.5), top_logprobs: [] }];
  const output = [
    { type: 'image_generation_call', result: 'aa' },
    { type: 'message', content: [{ type: 'output_text', text: 'Hi', logprobs }] },
  ];
  const whole = factsOf(openaiResponses('openai').readAnswer({ status: 'completed', output }) ?? []);
  expect([whole.confidence, whole.characters]).toEqual([0.5, 3]);
  const parts: StreamPart[] = [];
  const reader = openaiResponses('openai').openStream?.((part) => parts.push(part));
  reader?.read({ type: 'response.output_item.added', item: output[0] }, '');
  reader?.read({ type: 'response.output_text.delta', delta: 'Hi', logprobs }, '');
  expect(factsOf(parts)).toMatchObject({ confidence: 0.5, characters: 3 });
});

it('what a streamed message holds in lists comes whole, as stock SDKs keep the last of each alone', () => {
  const parts: StreamPart[] = [
    { type: 'reasoning', text: 'One.' },
    { type: 'reasoning-signature', signature: 's1' },
    { type: 'reasoning-opaque', data: 'd2' },
    { type: 'text', text: 'Look' },
    { type: 'citation', citation: { url: 'https://a' } },
    { type: 'citation', citation: { url: 'https://b' } },
    { type: 'image', mediaType: 'image/png', data: 'aa' },
    { type: 'image', mediaType: 'image/png', data: 'bb' },
    { type: 'finish', reason: 'stop' },
  ];
  const choices = written('openai-chat', parts).flatMap(({ choices }) => choices as JsonObject[]);
  const message = Object.assign({}, ...choices.map(({ delta }) => delta));
  expect(message.reasoning_details).toMatchObject([{ text: 'One.', signature: 's1' }, { data: 'd2' }]);
  expect([message.annotations.length, message.images.length]).toEqual([2, 2]);
  expect(choices.at(-1)).toMatchObject({ delta: {}, finish_reason: 'stop' });
  // And without an end of its own.
  const cut = written('openai-chat', parts.slice(0, -1)).flatMap(({ choices }) => choices as JsonObject[]);
  expect((cut.at(-1)?.delta as JsonObject).images).toHaveLength(2);
});

it('Claude at work on what it does not show has begun', () => {
  const reader = anthropic.translated.openStream?.(() => undefined);
  const start = (type: string) => ({ type: 'content_block_start', index: 0, content_block: { type } });
  expect(reader?.isAtWork?.(start('thinking'))).toBe(true);
  expect(reader?.isAtWork?.(start('text'))).toBe(false);
});
