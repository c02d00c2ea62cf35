// Whatever is asked for, on whichever path: a client that leaves takes its call with it, and one rule says what it owes. What
// was given to be read, and what is sold by the piece, in full; of what was being made, what came, or may have.
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { awsEvent } from '../../src/demo/aws-event.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, CLIENT_KEY, event, mayHaveMade, rawProvider, STREAM_HEADERS } from '../helpers/ai.ts';
import { eventually, type LogLine, type TestGateway } from '../helpers/gateway.ts';
import { wav } from '../helpers/sounds.ts';

const SOON = 10_000;
const JSON_HEADERS = { 'content-type': 'application/json' };
const PRICES = {
  'p0/gpt-4o-mini': { input: 1, output: 2 },
  'p0/gpt-image-1': { input: 5, output: 40 },
  'p0/dall-e-3': { input: 0, output: 0, perImage: 0.25 },
  'p0/gpt-4o-mini-tts': { input: 0, output: 0, perMillionCharacters: 15 },
  'p0/whisper-1': { input: 0, output: 0, perAudioMinute: 0.006 },
  'p0/text-embedding-3-small': { input: 1, output: 0 },
  'p0/rerank-v3.5': { input: 0, output: 0, perSearch: 0.002 },
  'p1/anthropic.claude': { input: 1, output: 2 },
};
const target = (model: string) => ({ targets: [{ provider: 'p0', model }] });
const MODELS = {
  painter: target('gpt-image-1'),
  'by-the-piece': target('dall-e-3'),
  voice: target('gpt-4o-mini-tts'),
  ear: target('whisper-1'),
  vectors: target('text-embedding-3-small'),
  judge: target('rerank-v3.5'),
};
const budgets = [{ name: 'b', scope: 'consumer', usd: 100, requests: 100, per: '1d' }];

/** What a provider begins to say, and never ends. */
interface Beginning {
  readonly headers: Record<string, string>;
  readonly bytes: string | Buffer;
  /** All of it goes on to the client as it comes. */
  readonly isPassed?: boolean;
}

const half = (bytes: string): Beginning => ({ headers: JSON_HEADERS, bytes });
const streamed = (...events: object[]): Beginning => ({
  headers: STREAM_HEADERS,
  bytes: events.map((each) => event(each)).join(''),
  isPassed: true,
});

/** A gateway before a provider that begins so, or does not answer at all. */
async function setUp(beginning: Beginning | undefined) {
  let [asked, left] = [0, 0];
  const provider = await rawProvider((response) => {
    response.once('close', () => left++);
    if (beginning) response.writeHead(200, beginning.headers).write(beginning.bytes);
    asked++;
  });
  const gateway = await aiGateway(
    [
      { kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never,
      { kind: 'bedrock', baseUrl: provider.url, passthrough: true } as never,
    ],
    { models: MODELS, prices: PRICES, ai: { budgets } },
  );
  return { gateway, isAsked: () => asked === 1, isLeft: () => left === 1 };
}

/** Asks, and leaves once its provider is at work and all has come that goes on. */
async function leave(path: string, body: object | FormData, beginning?: Beginning): Promise<LogLine> {
  const { gateway, isAsked, isLeft } = await setUp(beginning);
  const form = body instanceof FormData ? new Response(body) : undefined;
  const contentType = form?.headers.get('content-type') ?? 'application/json';
  const asked = request(`${gateway.url}${path}`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': contentType, authorization: `Bearer ${CLIENT_KEY}` },
  });
  let received = 0;
  asked.on('error', () => undefined);
  asked.on('response', (response) => {
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
  });
  asked.end(form ? Buffer.from(await form.arrayBuffer()) : JSON.stringify(body));
  await eventually(isAsked, SOON);
  const passed = beginning?.isPassed ? Buffer.byteLength(beginning.bytes) : 0;
  await eventually(() => received >= passed, SOON);

  asked.destroy();

  await eventually(isLeft, SOON);
  const line = await gateway.accessLine((each) => each.path === path);
  expect(line).toMatchObject({ reason: 'client_cancelled', outcome: 'client_cancelled', attempts: 1 });
  expect(line.usage_source).toBe('estimated');
  await isSettled(gateway, Number(line.usd));
  return line;
}

/** Nothing is held any more, this is all that was spent, and it stands in one row. */
async function isSettled(gateway: TestGateway, usd: number): Promise<void> {
  await eventually(async () => {
    const { items } = (await admin(gateway, '/api/budgets')).body as {
      items: { unit: string; spent: number; held: number }[];
    };
    const spent = (unit: string) => items.find((each) => each.unit === unit)?.spent ?? -1;
    return (
      items.every(({ held }) => held === 0) && spent('requests') === 1 && Math.abs(spent('usd') - usd) < 2e-9
    );
  }, SOON);
  await eventually(async () => {
    const { total } = (await admin(gateway, '/api/usage')).body as { total: { calls: number; usd: number } };
    return total.calls === 1 && Math.abs(total.usd - usd) < 1e-9;
  }, SOON);
}

const messages = [{ role: 'user', content: 'Tell me all of it.' }];
const chat = { model: 'smart', max_tokens: 16_000, messages };

it.each<[string, object, Beginning | undefined]>([
  ['/v1/chat/completions', chat, undefined],
  ['/v1/chat/completions', chat, half('{"choices":[{"message":{"content":"Once')],
  ['/v1/messages', chat, undefined],
  ['/v1/responses', { model: 'smart', max_output_tokens: 16_000, input: 'Tell me all of it.' }, undefined],
  ['/v1/providers/p0/chat/completions', { ...chat, model: 'gpt-4o-mini' }, undefined],
  [
    '/v1/providers/p0/completions',
    { model: 'gpt-4o-mini', max_tokens: 16_000, prompt: 'Tell me.' },
    undefined,
  ],
  [
    '/v1/providers/p0/completions',
    { model: 'gpt-4o-mini', max_tokens: 16_000, prompt: 'Tell me.' },
    half('{"choices":[{"text":"Once'),
  ],
])('words that don’t stream, on %s: what was read, and what was made in the time', async (path, body, beginning) => {
  const line = await leave(path, body, beginning);

  expect(line.tokens_in).toBeGreaterThan(0);
  expect(line.tokens_in).toBeLessThan(60);
  expect(line.tokens_out).toBeLessThanOrEqual(mayHaveMade(line));
  expect(line.usd).toBeCloseTo((Number(line.tokens_in) + 2 * Number(line.tokens_out)) / 1e6, 9);
});

const began = { input_tokens: 10, cache_read_input_tokens: 0, output_tokens: 1 };
const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'word '.repeat(20) } };
const MESSAGE = [{ type: 'message_start', message: { usage: began } }, ...Array<object>(400).fill(delta)];
const inAmazons = (each: object): Buffer =>
  awsEvent('chunk', { bytes: Buffer.from(JSON.stringify(each)).toString('base64') });
const ask = { model: 'gpt-4o-mini', max_tokens: 16_000, stream: true, messages };

it.each<[string, object, Beginning]>([
  ['/v1/providers/p0/messages', ask, streamed(...MESSAGE)],
  [
    '/v1/providers/p1/model/anthropic.claude/invoke-with-response-stream',
    { max_tokens: 16_000, messages },
    {
      headers: { 'content-type': 'application/vnd.amazon.eventstream' },
      bytes: Buffer.concat(MESSAGE.map(inAmazons)),
      isPassed: true,
    },
  ],
  [
    '/v1/providers/p0/api/chat',
    ask,
    {
      headers: { 'content-type': 'application/x-ndjson' },
      bytes: MESSAGE.map((each) => `${JSON.stringify(each)}\n`).join(''),
      isPassed: true,
    },
  ],
])('8,000 words of a stream that nobody here knows were said on %s, whatever it said at its start', async (path, body, beginning) => {
  const line = await leave(path, body, beginning);

  expect(line.tokens_in).toBe(10);
  expect(line.tokens_out).toBeGreaterThan(7_900);
  expect(line.tokens_out).toBeLessThan(8_200);
  expect(line.usd).toBeCloseTo((10 + 2 * Number(line.tokens_out)) / 1e6, 9);
});

it('of a stream that has said nothing yet only what was read is owed, on whichever path', async () => {
  const path = '/v1/providers/p0/messages';
  const line = await leave(path, ask);
  expect(line).toMatchObject({ tokens_out: 0, stream: true });
  expect(line.tokens_in).toBeGreaterThan(0);
});

const picture = {
  type: 'image_generation.completed',
  b64_json: 'iVBO',
  usage: { input_tokens: 12, output_tokens: 6_000 },
};
const edit = (): FormData => {
  const form = new FormData();
  form.set('model', 'dall-e-3');
  form.set('n', '10');
  form.set('image', new Blob(['x']), 'x.png');
  return form;
};

it.each<[string, string, () => object, Beginning | undefined]>([
  ['none came', '/v1/images/generations', () => ({ prompt: 'x', n: 10 }), undefined],
  ['half an answer came', '/v1/images/generations', () => ({ prompt: 'x', n: 10 }), half('{"data":[{')],
  [
    'the first came',
    '/v1/images/generations',
    () => ({ prompt: 'x', n: 10, stream: true }),
    streamed(picture),
  ],
  ['none came', '/v1/providers/p0/images/edits', edit, undefined],
  [
    'the first came',
    '/v1/providers/p0/images/edits',
    edit,
    streamed({ ...picture, type: 'image_edit.completed' }),
  ],
])('ten pictures that are sold by the piece were ordered, though %s (%s)', async (_when, path, body, beginning) => {
  const asked = body();
  const line = await leave(
    path,
    asked instanceof FormData ? asked : { model: 'by-the-piece', ...asked },
    beginning,
  );

  expect(line.usd).toBeCloseTo(2.5, 9);
});

it('of pictures that are sold by the token the one that came says its own, and the rest had its time', async () => {
  const body = { model: 'painter', prompt: 'x', n: 10, stream: true };
  const none = await leave('/v1/images/generations', body);
  const first = await leave('/v1/images/generations', body, streamed(picture));

  expect(none.tokens_out).toBeLessThanOrEqual(mayHaveMade(none, 10));
  expect(none.usd).toBeGreaterThan(0);
  expect(first.tokens_in).toBe(12);
  expect(first.tokens_out).toBeGreaterThanOrEqual(6_000);
  expect(first.tokens_out).toBeLessThanOrEqual(Math.max(6_000, mayHaveMade(first, 10)));
});

it.each<[string, Beginning | undefined]>([
  ['before the sound', undefined],
  [
    'in mid-sound',
    { headers: { 'content-type': 'audio/mpeg' }, bytes: Buffer.alloc(9_000, 7), isPassed: true },
  ],
])('characters that were to be spoken are owed: %s', async (_when, beginning) => {
  const body = { model: 'voice', voice: 'alloy', input: 'one two three' };
  expect((await leave('/v1/audio/speech', body, beginning)).usd).toBeCloseTo((13 * 15) / 1e6, 9);
});

it.each<[string, string, Beginning | undefined]>([
  ['before the head', '/v1/audio/transcriptions', undefined],
  ['in mid-answer', '/v1/audio/transcriptions', half('{"text":"Hel')],
  ['in mid-stream', '/v1/audio/transcriptions', streamed({ type: 'transcript.text.delta', delta: 'Hel' })],
  ['before the head', '/v1/providers/p0/audio/translations', undefined],
])('sound that was sent to be heard is owed: %s, on %s', async (_when, path, beginning) => {
  const form = new FormData();
  form.set('model', path.includes('providers') ? 'whisper-1' : 'ear');
  form.set('file', new Blob([new Uint8Array(wav(60))]), 'call.wav');
  // A minute.
  expect((await leave(path, form, beginning)).usd).toBeCloseTo(0.006, 3);
});

it.each<[string, Beginning | undefined]>([
  ['before the head', undefined],
  ['in mid-answer', half('{"data":[{"embedding":[0.1')],
])('texts that vectors were to be made of are owed, and put nothing out: %s', async (_when, beginning) => {
  const paths = ['/v1/embeddings', '/v1/providers/p0/embeddings'];
  const models = ['vectors', 'text-embedding-3-small'];
  for (const [at, path] of paths.entries()) {
    const line = await leave(path, { model: models[at], input: ['one two three'] }, beginning);
    expect(line.tokens_out).toBe(0);
    expect(line.tokens_in).toBeGreaterThan(0);
    expect(line.usd).toBeCloseTo(Number(line.tokens_in) / 1e6, 9);
  }
});

it('so is a search', async () => {
  const body = { model: 'judge', query: 'x', documents: ['a', 'b'] };
  expect((await leave('/v1/rerank', body)).usd).toBeCloseTo(0.002, 9);
});
