// What is not talk (verdicts, pictures, speech, transcripts, ranks, counts) takes the same way as talk: an alias, a
// fallback, a budget, a record; and passes as it is.
import { toFile } from 'openai';
import { expect, it } from 'vitest';
import {
  aiGateway,
  anthropicSdk,
  asAnthropic,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';
import { ogg, wav } from '../helpers/sounds.ts';

const target = (model: string, provider = 'p0') => ({ targets: [{ provider, model }] });
const MODELS = {
  watchful: target('omni-moderation-latest'),
  painter: target('gpt-image-1'),
  voice: target('gpt-4o-mini-tts'),
  ear: target('whisper-1'),
  judge: target('rerank-v3.5'),
};
const PRICES = {
  'p0/gpt-image-1': { input: 5, output: 40, perImage: 0.01 },
  'p0/gpt-4o-mini-tts': { input: 0, output: 0, perMillionCharacters: 15 },
  'p0/whisper-1': { input: 0, output: 0, perAudioMinute: 0.006 },
  'p0/rerank-v3.5': { input: 0, output: 0, perSearch: 0.002 },
};

async function setUp(config = {}) {
  const service = await modelService();
  const gateway = await aiGateway([service], { models: MODELS, prices: PRICES, ...config });
  return { service, gateway, openai: sdk(gateway) };
}

const lineFor = (gateway: TestGateway, path: string) => gateway.accessLine((line) => line.path === path);

it('judges texts', async () => {
  const { gateway, openai } = await setUp();

  const { results } = await openai.moderations.create({
    model: 'watchful',
    input: ['Hello', 'I will kill it'],
  });

  expect(results.map(({ flagged }) => flagged)).toEqual([false, true]);
  expect(await lineFor(gateway, '/v1/moderations')).toMatchObject({
    operation: 'moderation',
    model: 'watchful',
    upstream_model: 'omni-moderation-latest',
    outcome: 'complete',
    usd: 0,
  });
  expect(
    await gateway.metric('gen_ai_client_operation_duration_seconds_count', {
      gen_ai_operation_name: 'moderation',
    }),
  ).toBe(1);
});

it('makes pictures, whole and as a stream, and bills tokens and pieces', async () => {
  const { gateway, openai } = await setUp();
  const ask = { model: 'painter', prompt: 'a red kite', n: 2 };

  const whole = await openai.images.generate(ask);
  const events = [];
  for await (const event of await openai.images.generate({ ...ask, n: 1, stream: true }))
    events.push(event.type);

  expect(whole.data).toHaveLength(2);
  expect(events).toEqual(['image_generation.partial_image', 'image_generation.completed']);
  const line = await lineFor(gateway, '/v1/images/generations');
  expect(line).toMatchObject({
    tokens_in: 3,
    tokens_out: 544,
    usage_source: 'reported',
    outcome: 'complete',
  });
  expect(line.usd).toBeCloseTo((3 * 5 + 544 * 40) / 1e6 + 0.02, 9);
  const streamed = await gateway.accessLine((each) => each !== line && each.path === line.path);
  expect(streamed).toMatchObject({ tokens_out: 272, outcome: 'complete', reason: 'ok' });
  expect(streamed.usd).toBeCloseTo((3 * 5 + 272 * 40) / 1e6 + 0.01, 9);
});

it('a stream of several pictures came to all of them', async () => {
  const picture = (type: string) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, b64_json: 'iVBO', usage: { input_tokens: 3, output_tokens: 272 } })}\n\n`;
  const done = picture('image_generation.completed');
  const provider = await rawProvider((response) =>
    response.writeHead(200, STREAM_HEADERS).end(picture('image_generation.partial_image') + done + done),
  );
  const gateway = await aiGateway([provider], { models: MODELS, prices: PRICES });
  const ask = { model: 'painter', prompt: 'a red kite', n: 2, stream: true };

  const answer = await chat(gateway, ask, {}, '/v1/images/generations');

  const line = await lineOf(gateway, answer);
  expect(line).toMatchObject({ tokens_in: 6, tokens_out: 544 });
  expect(line.usd).toBeCloseTo((6 * 5 + 544 * 40) / 1e6 + 0.02, 9);
});

it('speaks: sound goes on as it comes, and its characters are billed', async () => {
  const { gateway, openai } = await setUp();

  const answer = await openai.audio.speech.create({ model: 'voice', voice: 'alloy', input: 'one two three' });

  expect(answer.headers.get('content-type')).toBe('audio/mpeg');
  expect(answer.headers.get('content-length')).toBe('3600');
  expect((await answer.arrayBuffer()).byteLength).toBe(3600);
  const line = await lineFor(gateway, '/v1/audio/speech');
  expect(line).toMatchObject({ operation: 'speech', usage_source: 'estimated', outcome: 'complete' });
  expect(line.usd).toBeCloseTo((13 * 15) / 1e6, 9);
});

it('listens: the form is the client’s own but for the model', async () => {
  const { gateway, openai } = await setUp();
  const file = await toFile(Buffer.alloc(32_000, 7), 'call.mp3');

  const heard = await openai.audio.transcriptions.create({ model: 'ear', file });
  const plain = await openai.audio.transcriptions.create({ model: 'ear', file, response_format: 'text' });

  expect(heard.text).toBe('I heard 32000 bytes.');
  expect(plain).toBe('I heard 32000 bytes.\n');
  const line = await lineFor(gateway, '/v1/audio/transcriptions');
  expect(line).toMatchObject({ operation: 'transcription', usage_source: 'reported', outcome: 'complete' });
  expect(line.usd).toBeCloseTo((2 / 60) * 0.006, 9);
});

const UNKNOWN = Buffer.alloc(400_000, 7);

it.each<[string, Buffer, string, number]>([
  ['a text of dense sound', ogg(600, { kbits: 8 }), 'Hello --> there.\n', 600],
  ['a text of sound that is not packed', wav(60), 'Hello.\n', 60],
  ['a text of who knows what: as densely as speech is packed', UNKNOWN, 'Hello.\n', 400],
  [
    'SRT',
    UNKNOWN,
    '1\n00:00:01,000 --> 00:00:04,000\nHi.\n\n2\n00:01:00,000 --> 00:01:05,500\n--> Bye.\n',
    65,
  ],
  ['WebVTT', UNKNOWN, 'WEBVTT\n\n00:01.000 --> 02:05.500 align:start\nHello.\n', 125],
  ['SRT that ends before the sound does', ogg(90), '1\n00:00:01,000 --> 00:00:04,000\nHi.\n', 90],
])('a transcript that says nothing of its bill costs what was heard: %s', async (_form, sound, text, seconds) => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text),
  );
  const gateway = await aiGateway([provider], { models: MODELS, prices: PRICES });
  const file = await toFile(sound, 'call');

  const heard = await sdk(gateway).audio.transcriptions.create({
    model: 'ear',
    file,
    response_format: 'text',
  });

  expect(heard).toBe(text);
  const line = await lineFor(gateway, '/v1/audio/transcriptions');
  expect(line).toMatchObject({ usage_source: 'estimated', outcome: 'complete', reason: 'ok' });
  const billed = (line.usd as number) / (0.006 / 60);
  expect(billed).toBeGreaterThan(seconds - 0.01);
  expect(billed).toBeLessThan(seconds + 2);
});

it('ranks documents', async () => {
  const { gateway } = await setUp();

  const answer = await chat(
    gateway,
    { model: 'judge', query: 'red kite', documents: ['blue boat', 'a red kite'] },
    {},
    '/v1/rerank',
  );

  expect(JSON.parse(answer.body.toString()).results[0].index).toBe(1);
  expect(await lineOf(gateway, answer)).toMatchObject({
    operation: 'rerank',
    usd: 0.002,
    usage_source: 'reported',
  });
});

it('counts tokens where the provider does, and estimates them elsewhere', async () => {
  const [claude, gpt] = await Promise.all([modelService('a'), modelService('b')]);
  const gateway = await aiGateway([asAnthropic(claude), gpt], {
    models: { smart: target('claude-haiku-4-5') },
  });
  const count = (model: string) =>
    anthropicSdk(gateway)
      .messages.countTokens({ model, messages: [{ role: 'user', content: 'Hello there' }] })
      .withResponse();

  const native = await count('smart');
  const estimated = await count('backup-1');

  expect(native.data.input_tokens).toBe(5);
  expect(native.response.headers.get('x-gateway-token-count')).toBeNull();
  // "user\nHello there" as tiktoken has it, in the form of a chat.
  expect(estimated.data.input_tokens).toBeGreaterThan(5);
  expect(estimated.data.input_tokens).toBeLessThan(12);
  expect(estimated.response.headers.get('x-gateway-token-count')).toBe('estimated');
  const source = { type: 'url', url: 'https://example.org/a.png' } as const;
  const seen = await anthropicSdk(gateway).messages.countTokens({
    model: 'backup-1',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello there' },
          { type: 'image', source },
        ],
      },
    ],
  });
  expect(seen.input_tokens).toBe(estimated.data.input_tokens + 1600);
  expect([claude.stats.requests, gpt.stats.requests]).toEqual([1, 0]);
  expect(await gateway.accessLine(({ model }) => model === 'backup-1')).toMatchObject({
    operation: 'count_tokens',
    outcome: 'complete',
    reason: 'ok',
  });
});

it('falls back before the first byte, and says what no model here can do', async () => {
  const [broken, good, claude] = await Promise.all([modelService('a'), modelService('b'), modelService('c')]);
  broken.faults.set({ status: 503 });
  const gateway = await aiGateway([broken, good, asAnthropic(claude)], {
    models: {
      voice: { ...target('gpt-4o-mini-tts'), fallback: ['voice-2'] },
      'voice-2': target('gpt-4o-mini-tts', 'p1'),
      mute: target('claude-haiku-4-5', 'p2'),
    },
  });
  const ask = (model: string) =>
    chat(gateway, { model, voice: 'alloy', input: 'Hi' }, {}, '/v1/audio/speech');

  const spoken = await ask('voice');
  const refused = await ask('mute');

  expect(spoken.status).toBe(200);
  expect(await lineOf(gateway, spoken)).toMatchObject({ fallback: 'voice-2', outcome: 'fallback_used' });
  expect(refused.status).toBe(400);
  expect(errorOf(refused)).toMatchObject({ code: 'endpoint_not_supported' });
});

it('cuts the client off where sound breaks, and names it', async () => {
  const { service, gateway } = await setUp();
  service.faults.set({ truncate: true });

  const cut = await chat(
    gateway,
    { model: 'voice', voice: 'alloy', input: 'one two' },
    {},
    '/v1/audio/speech',
  ).then(
    () => undefined,
    (error: Error) => error,
  );

  expect(cut).toBeInstanceOf(Error);
  expect(await lineFor(gateway, '/v1/audio/speech')).toMatchObject({
    reason: 'upstream_truncated',
    outcome: 'truncated',
  });
});

it('draws on budgets as every call does', async () => {
  const { service, gateway } = await setUp({
    ai: { budgets: [{ name: 'few', scope: 'consumer', requests: 2, per: '1d' }] },
  });
  const ask = (body: object, path: string) => chat(gateway, body, {}, path);

  const statuses = [
    await ask({ model: 'voice', voice: 'alloy', input: 'Hi' }, '/v1/audio/speech'),
    await ask({ model: 'painter', prompt: 'a kite' }, '/v1/images/generations'),
    await ask({ model: 'watchful', input: 'Hi' }, '/v1/moderations'),
    await ask({ ...hello(), model: 'smart' }, '/v1/chat/completions'),
  ].map(({ status }) => status);

  expect(statuses).toEqual([200, 200, 429, 429]);
  expect(service.stats.requests).toBe(2);
});

it.each([
  ['no model', ['file'], 'model_missing'],
  ['two models', ['model', 'model', 'file'], 'body_invalid'],
])('refuses a form with %s', async (_what, fields, code) => {
  const provider = await rawProvider((response) => response.writeHead(200).end());
  const gateway = await aiGateway([provider]);
  const body = fields
    .map((name) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\nsmart\r\n`)
    .join('');

  const answer = await chat(
    gateway,
    `${body}--b--\r\n`,
    { 'content-type': 'multipart/form-data; boundary=b' },
    '/v1/audio/transcriptions',
  );
  const noForm = await chat(gateway, hello(), {}, '/v1/audio/transcriptions');

  expect([answer.status, errorOf(answer).code]).toEqual([400, code]);
  expect([noForm.status, errorOf(noForm).code]).toEqual([415, 'media_type_unsupported']);
  expect(provider.taken).toHaveLength(0);
});

it('passes a form on byte for byte, and no key of the client’s with it', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"Hi"}'),
  );
  const gateway = await aiGateway([provider]);
  const form = (model: string) =>
    Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; name="file"; filename="model"\r\n\r\n'),
      Buffer.from([0xff, 0x0d, 0x0a, 0x2d, 0x2d, 0x00]),
      Buffer.from(`\r\n--b\r\nContent-Disposition: form-data; name=model\r\n\r\n${model}\r\n--b--\r\n`),
    ]);
  const type = 'multipart/form-data; boundary=b';

  const answer = await chat(gateway, form('smart'), { 'content-type': type }, '/v1/audio/transcriptions');

  expect(answer.status).toBe(200);
  const [taken] = provider.taken;
  expect(taken?.body.equals(form('gpt-4o-mini'))).toBe(true);
  expect(taken?.headers['content-type']).toBe(type);
  expect(JSON.stringify(taken?.headers)).not.toContain(CLIENT_KEY);
});
