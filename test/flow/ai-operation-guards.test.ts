// What operations answer is read by the guards of answers, as chats are: ranked documents, transcripts, prompts of pictures.
import { toFile } from 'openai';
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  errorOf,
  event,
  lineOf,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain; charset=utf-8' };
const says = (headers: Record<string, string>, body: string) =>
  rawProvider((response) => response.writeHead(200, headers).end(body));

const form = (fields: Record<string, string> = {}): string =>
  Object.entries({ model: 'smart', file: 'sound', ...fields })
    .map(([name, value]) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')
    .concat('--b--\r\n');
const listen = (gateway: TestGateway, fields?: Record<string, string>) =>
  chat(
    gateway,
    form(fields),
    { 'content-type': 'multipart/form-data; boundary=b' },
    '/v1/audio/transcriptions',
  );
const rank = (gateway: TestGateway, documents: unknown[]) =>
  chat(gateway, { model: 'smart', query: 'Who is ada@example.com?', documents }, {}, '/v1/rerank');

const redacting = { policies: [{ redact: {} }] };
const denying = { policies: [{ 'deny-topics': { topics: [{ name: 'secret', words: ['red swordfish'] }] } }] };

it('ranked documents come back as they were sent, and the model has read placeholders', async () => {
  const provider = await rawProvider((response, { body }) => {
    const { documents } = JSON.parse(String(body)) as { documents: unknown[] };
    const results = documents.map((document, index) => ({ index, relevance_score: 0.5, document })).reverse();
    response.writeHead(200, json).end(JSON.stringify({ results, meta: { tokens: { input_tokens: 9 } } }));
  });
  const gateway = await aiGateway([provider], redacting);
  const documents = ['ada@example.com, 30', { text: 'bob@example.com', title: { of: 'ada@example.com' } }];

  const answer = JSON.parse((await rank(gateway, documents)).body.toString());

  expect(String(provider.taken[0]?.body)).not.toContain('example.com');
  expect(answer.results.map(({ document }: { document: unknown }) => document).reverse()).toEqual(documents);
  expect(answer.meta).toEqual({ tokens: { input_tokens: 9 } });
});

it('what needs no change goes on as the bytes that came', async () => {
  const body = '{"results": [{"index":0, "document":{"text":"a kite"}, "vendor":1.50}]}';
  const gateway = await aiGateway([await says(json, body)], redacting);
  expect((await rank(gateway, ['a kite'])).body.toString()).toBe(body);

  const plain = await aiGateway([await says(text, 'I heard nothing.\n')], redacting);
  const heard = await listen(plain, { response_format: 'text', stream: 'False' });
  expect([heard.status, heard.body.toString()]).toEqual([200, 'I heard nothing.\n']);
  expect(heard.headers['content-type']).toBe(text['content-type']);
});

it('what was made of a picture’s prompt says it in its own words', async () => {
  const body = { data: [{ b64_json: 'iVBO', revised_prompt: 'A portrait of [EMAIL_1], painted' }, {}] };
  const gateway = await aiGateway([await says(json, JSON.stringify(body))], redacting);
  const asked = { model: 'smart', prompt: 'ada@example.com' };
  const answer = await chat(gateway, asked, {}, '/v1/images/generations');
  expect(JSON.parse(answer.body.toString()).data).toEqual([
    { b64_json: 'iVBO', revised_prompt: 'A portrait of ada@example.com, painted' },
    {},
  ]);
});

it('a transcript is read in all that says it: its text, segments and words', async () => {
  const pieces = [' My card is 4111 1111', ' 1111 1111, and', ' I am ada@example.com.'];
  const heard = {
    duration: 9.5,
    text: pieces.join('').trim(),
    segments: pieces.map((said, id) => ({
      id,
      start: id,
      text: said,
      tokens: [id],
      words: [{ word: said }],
    })),
    words: [
      'My',
      'card',
      'is',
      '4111',
      '1111',
      '1111',
      '1111',
      'and',
      'I',
      'am',
      'ada',
      '@',
      'example.com',
    ].map((word) => ({ word, start: 0 })),
    logprobs: [{ token: ' ada', logprob: -1 }],
  };
  const gateway = await aiGateway([await says(json, JSON.stringify(heard))], redacting);

  const answer = await listen(gateway);

  expect(JSON.parse(answer.body.toString())).toEqual({
    duration: 9.5,
    text: 'My card is [CARD], and I am [EMAIL].',
    segments: [
      { id: 0, start: 0, text: ' My card is [CARD],' },
      { id: 1, start: 1, text: ' and' },
      { id: 2, start: 2, text: ' I am [EMAIL].' },
    ],
  });
  expect((await lineOf(gateway, answer)).guards).toEqual([
    'redact answer changed card',
    'redact answer changed email',
  ]);
});

it('subtitles keep their numbers and times', async () => {
  const cues = (first: string, second: string) =>
    `1\n00:00:00,000 --> 00:00:02,000\n${first}\n\n2\n00:00:02,000 --> 00:00:04,100\n${second}\n`;
  const heard = cues('My card is\n4111 1111', '1111 1111\nand I am ada@example.com.');
  const gateway = await aiGateway([await says(text, heard)], redacting);

  const answer = await listen(gateway, { response_format: 'srt' });

  expect(answer.body.toString()).toBe(cues('My card is\n[CARD]', 'and I am [EMAIL].'));
  expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
});

it.each([
  [
    'a document',
    json,
    '{"results":[{"index":0,"document":"a red swordfish"}]}',
    (at: TestGateway) => rank(at, ['a']),
  ],
  ['a transcript', json, '{"text":"A red swordfish."}', listen],
  ['JSON by another name', text, '{"text":"A red swordfish."}', listen],
  ['a text', text, 'A red swordfish.\n', listen],
  [
    'subtitles',
    text,
    'WEBVTT\n\n00:00.000 --> 00:02.000\nA red\n\n00:02.000 --> 00:04.000\nswordfish.\n',
    listen,
  ],
])('a forbidden topic ends %s', async (_, headers, body, ask) => {
  const gateway = await aiGateway([await says(headers, body)], denying);
  const answer = await ask(gateway);
  expect([answer.status, errorOf(answer).code]).toEqual([400, 'content_filtered']);
  expect(await lineOf(gateway, answer)).toMatchObject({
    outcome: 'filtered',
    guards: ['deny-topics answer blocked secret'],
  });
});

it.each([
  ['string', String.raw`"I am ada\u0040example.com."`, '"I am [EMAIL]."'],
  ['list', String.raw`[1.50, "I am ada\u0040example.com."]`, '[1.50, "I am [EMAIL]."]'],
])('a transcript that is a %s of JSON is read as what it says', async (_, body, told) => {
  const gateway = await aiGateway([await says(text, body)], redacting);
  const heard = await listen(gateway, { response_format: 'text' });
  expect([heard.status, heard.body.toString()]).toEqual([200, told]);
});

it('in report mode all goes on as it came, and is recorded', async () => {
  const body = '{"text": "I am ada@example.com."}';
  const gateway = await aiGateway([await says(json, body)], { policies: [{ redact: { mode: 'report' } }] });
  const answer = await listen(gateway);
  expect(answer.body.toString()).toBe(body);
  expect((await lineOf(gateway, answer)).guards).toEqual(['redact answer reported email']);
});

/** Events of a transcript that comes in these pieces. */
const spoken = (...pieces: string[]): string => {
  const text = pieces.join('');
  const usage = { type: 'tokens', input_tokens: 9, output_tokens: 5, total_tokens: 14 };
  return [
    ...pieces.map((delta) => ({
      type: 'transcript.text.delta',
      delta,
      logprobs: [{ token: delta, logprob: -1 }],
    })),
    { type: 'transcript.text.done', text, usage, logprobs: pieces.map((token) => ({ token, logprob: -1 })) },
  ]
    .map(event)
    .join('');
};

it.each([
  'true',
  'false',
])('a transcript that streams is read as it comes, asked for or not: %s', async (stream) => {
  const pieces = ['My card is 4111 ', '1111 1111 ', '1111, and I am ada@exam', 'ple.com. Bye.'];
  const gateway = await aiGateway([await says(STREAM_HEADERS, spoken(...pieces))], redacting);

  const answer = await listen(gateway, { stream });

  const told = answer.body
    .toString()
    .trimEnd()
    .split('\n\n')
    .map((each) => JSON.parse(each.replace('data: ', '')) as { type: string; delta: string });
  const done = told.pop();
  const text = 'My card is [CARD], and I am [EMAIL]. Bye.';
  expect(told.every(({ type }) => type === 'transcript.text.delta')).toBe(true);
  expect(told.map(({ delta }) => delta).join('')).toBe(text);
  expect(done).toEqual({
    type: 'transcript.text.done',
    text,
    usage: { type: 'tokens', input_tokens: 9, output_tokens: 5, total_tokens: 14 },
  });
  expect(told.some((each) => 'logprobs' in each)).toBe(false);
  expect(await lineOf(gateway, answer)).toMatchObject({
    outcome: 'complete',
    tokens_in: 9,
    usage_source: 'reported',
    guards: ['redact answer changed card', 'redact answer changed email'],
  });
});

it('its beginning is told while the rest is still to come', async () => {
  const heard = Promise.withResolvers<void>();
  const words = 'I hear a kite. '.repeat(100);
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS).write(event({ type: 'transcript.text.delta', delta: words }));
    heard.promise.then(() => response.end(event({ type: 'transcript.text.done', text: words })));
  });
  const gateway = await aiGateway([provider], redacting);
  const stream = await sdk(gateway).audio.transcriptions.create({
    model: 'smart',
    file: await toFile(Buffer.from('sound'), 'a.wav'),
    stream: true,
  });
  let told = '';
  for await (const each of stream) {
    heard.resolve();
    if (each.type === 'transcript.text.delta') told += each.delta;
  }
  expect(told).toBe(words);
});

const chunk = (content: string, finish?: string) =>
  event({
    object: 'transcription.chunk',
    choices: [{ delta: { content }, ...(finish && { finish_reason: finish }) }],
  });

it('what vLLM streams is read across the pieces that it cuts the sound into, and ends with the last', async () => {
  const usage = { prompt_tokens: 1500, completion_tokens: 9, total_tokens: 1509 };
  const last = `${event({ object: 'transcription.chunk', choices: [], usage })}${DONE}`;
  const pieces = [
    ...[chunk('My card is 4111'), chunk(' 1111', 'stop'), event({ choices: [] })],
    ...[chunk(' 1111 1111.'), chunk('', 'stop')],
  ];
  const gateway = await aiGateway([await says(STREAM_HEADERS, pieces.join('') + last)], redacting);

  const answer = await listen(gateway, { stream: 'true' });

  const body = answer.body.toString();
  expect(body.endsWith(last)).toBe(true);
  const told = [...body.matchAll(/"content":"([^"]*)"/g)].map(([, said]) => said).join('');
  expect(told).toBe('My card is [CARD].');
  expect(await lineOf(gateway, answer)).toMatchObject({
    ...{ reason: 'ok', outcome: 'complete', finish_reason: 'stop' },
    ...{ tokens_in: 1500, tokens_out: 9, usage_source: 'reported' },
  });
});

it.each([redacting, {}])('one that just ends behind a piece of the sound is cut', async (config) => {
  const gateway = await aiGateway([await says(STREAM_HEADERS, chunk('I hear.', 'stop'))], config);
  const answer = await listen(gateway, { stream: 'true' });
  expect(answer.body.toString()).toMatch(/"finish_reason":"stop".*upstream_truncated/s);
  expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'upstream_truncated', outcome: 'truncated' });
});

it('a forbidden topic ends it where it stands', async () => {
  const gateway = await aiGateway([await says(STREAM_HEADERS, spoken('A red ', 'sword', 'fish.'))], denying);
  const answer = await listen(gateway, { stream: 'true' });
  const events = answer.body.toString().trimEnd().split('\n\n');
  expect(JSON.parse(events.at(-1)?.replace('data: ', '') ?? '').error).toMatchObject({
    code: 'content_filtered',
  });
  expect(answer.body.toString()).not.toContain('fish');
  expect(await lineOf(gateway, answer)).toMatchObject({
    outcome: 'filtered',
    guards: ['deny-topics answer blocked secret'],
  });
});

it('one that breaks off says so, and nothing of what is held back', async () => {
  const provider = await rawProvider((response) => {
    response
      .writeHead(200, STREAM_HEADERS)
      .write(event({ type: 'transcript.text.delta', delta: 'I am ada' }), () => response.destroy());
  });
  const answer = await listen(await aiGateway([provider], redacting), { stream: 'true' });
  expect(answer.body.toString()).not.toContain('ada');
  expect(answer.body.toString()).toContain('upstream_truncated');
});

it('where no guard reads transcripts, one may stream, and none is held until it is whole', async () => {
  const delta = event({ type: 'transcript.text.delta', delta: 'Hi' });
  const provider = await says(STREAM_HEADERS, delta + event({ type: 'transcript.text.done', text: 'Hi' }));
  const gateway = await aiGateway([provider], {
    policies: [{ 'json-schema': { schema: { type: 'object' } } }, { 'max-tokens': { limit: 50 } }],
  });
  for (const stream of ['true', 'false']) {
    const heard = await listen(gateway, { stream });
    expect([heard.status, heard.body.toString()]).toEqual([200, expect.stringContaining(delta)]);
  }
});

it('a transcript that breaks off is an error, and nothing of it is said', async () => {
  const provider = await rawProvider((response) => {
    response.writeHead(200, { ...text, 'content-length': '100' }).write('I am ada', () => response.destroy());
  });
  const gateway = await aiGateway([provider], redacting);
  const answer = await listen(gateway);
  expect([answer.status, errorOf(answer).code]).toEqual([502, 'upstream_truncated']);
});

it('sound is no text, and the schema of answers is none for transcripts', async () => {
  const sound = await says({ 'content-type': 'audio/mpeg' }, 'ada@example.com');
  const speaking = await aiGateway([sound], redacting);
  const asked = { model: 'smart', voice: 'alloy', input: 'Hi' };
  const spoken = await chat(speaking, asked, {}, '/v1/audio/speech');
  expect(spoken.body.toString()).toBe('ada@example.com');

  const held = { policies: [{ 'json-schema': { schema: { type: 'object' } } }] };
  const gateway = await aiGateway([await says(json, '{"text":"Hi"}')], held);
  expect((await listen(gateway)).status).toBe(200);
});

it('a transcript that begins with the mark of UTF-8 is read as what it says: its number stays one', async () => {
  const heard = { text: String.raw`I am \u0061da@example.com.`, order: 4111111111111111 };
  const body = `\ufeff{"text":"${heard.text}","order":${heard.order}}`;
  for (const headers of [json, text]) {
    const gateway = await aiGateway([await says(headers, body)], redacting);
    const answer = await listen(gateway);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({ text: 'I am [EMAIL].', order: heard.order });
  }
  const untouched = '\ufeff{"text":"a kite"}';
  const plain = await aiGateway([await says(json, untouched)], redacting);
  expect((await listen(plain)).body.toString()).toBe(untouched);
});

it('so is one whose lines are an object each', async () => {
  const said = String.raw`{"text":"I am \u0061da@example.com","order":4111111111111111}`;
  const gateway = await aiGateway([await says(text, `${said}\n{"text":"bye"}\n`)], redacting);
  expect((await listen(gateway)).body.toString()).toBe(
    '{"text":"I am [EMAIL]","order":"[CARD]"}\n{"text":"bye"}\n',
  );
});
