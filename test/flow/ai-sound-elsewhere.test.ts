// A transcript of sound that doesn't come along, but is named by its address or as a file the provider keeps: nobody here
// knows how long it lasts.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, lineOf, rawProvider } from '../helpers/ai.ts';
import { wav } from '../helpers/sounds.ts';

const MINUTE = 0.6;
const ADDRESS = 'https://example.com/call.mp3';
const OWN = '/v1/audio/transcriptions';
const PASSED = '/v1/providers/p0/audio/transcriptions';

interface Said {
  type?: string;
  body?: string;
}

async function setUp(consumer: object, { type = 'application/json', body = '{"text":"Hi"}' }: Said = {}) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': type }).end(body),
  );
  const gateway = await aiGateway(
    [{ kind: 'openai', baseUrl: provider.url, passthrough: true } as { kind: string; baseUrl: string }],
    {
      prices: { 'p0/gpt-4o-mini': { input: 0, output: 0, perAudioMinute: MINUTE } },
      models: { 'gpt-4o-mini': { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
      consumer,
    },
  );
  const ask = (path: string, asked: Fields | object) =>
    Array.isArray(asked)
      ? chat(gateway, form(asked), { 'content-type': 'multipart/form-data; boundary=b' }, path)
      : chat(gateway, { model: 'gpt-4o-mini', ...asked }, {}, path);
  const minutes = async (path: string, asked: Fields | object): Promise<number> => {
    const { usd } = await lineOf(gateway, await ask(path, asked));
    return (usd as number) / MINUTE;
  };
  return { provider, ask, minutes };
}

type Fields = (readonly [name: string, value: string | Buffer])[];

/** Of both paths: the gateway's own name of the model is the provider's, too. */
const form = (fields: Fields): Buffer =>
  Buffer.concat([
    ...[['model', 'gpt-4o-mini'] as const, ...fields].flatMap(([name, value]) => [
      Buffer.from(
        `--b\r\ncontent-disposition: form-data; name="${name}"${Buffer.isBuffer(value) ? '; filename="a"' : ''}\r\n\r\n`,
      ),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--b--\r\n'),
  ]);

const sound = wav(90);
const ofMoney = { budget: { usd: 1000, per: '1d' } };
const ofTokens = { budget: { tokens: 1_000_000, per: '1d' } };
const ofCalls = { budget: { requests: 10, per: '1d' } };

const ELSEWHERE: [string, Fields | object][] = [
  ['Groq’s address', [['url', ADDRESS]]],
  ['Mistral’s address', [['file_url', ADDRESS]]],
  ['a file that Mistral keeps', [['file_id', 'f-1']]],
  ['an address in place of a file (Together)', [['file', ` \n${ADDRESS}`]]],
  [
    'an address beside a file',
    [
      ['file', sound],
      ['url', ADDRESS],
    ],
  ],
  ['nothing that we know', [['audio', sound]]],
];
const IN_JSON: [string, object][] = [
  ['an address', { url: ADDRESS }],
  ['a file that is kept', { file_id: 'f-1' }],
  ['an address beside sound', { file_url: ADDRESS, input_audio: { data: 'UklG', format: 'wav' } }],
  ['an address in place of sound', { input_audio: { data: ADDRESS } }],
];

it.each([
  ...ELSEWHERE.flatMap(([what, fields]) => [
    [what, 'money', ofMoney, OWN, fields] as const,
    [what, 'tokens', ofTokens, OWN, fields] as const,
    [what, 'money, by pass-through', ofMoney, PASSED, fields] as const,
    [what, 'money, below another base', ofMoney, PASSED.replace('p0', 'p0/v1'), fields] as const,
    [what, 'money, translated', ofMoney, PASSED.replace('transcriptions', 'translations'), fields] as const,
  ]),
  ...IN_JSON.map(([what, body]) => [what, 'money, in JSON', ofMoney, PASSED, body] as const),
])('%s is refused under a budget of %s', async (_what, _unit, consumer, path, asked) => {
  const { provider, ask } = await setUp(consumer);

  const answer = await ask(path, asked);

  expect([answer.status, errorOf(answer).code]).toEqual([503, 'budget_unpriced']);
  expect(provider.taken).toHaveLength(0);
});

it.each<[string, string, Fields | object]>([
  ['a file', OWN, [['file', sound]]],
  ['a file by pass-through', PASSED, [['file', sound]]],
  [
    'a file beside fields that say nothing',
    OWN,
    [
      ['file', sound],
      ['url', ''],
    ],
  ],
  ['sound in JSON (OpenRouter)', PASSED, { input_audio: { data: sound.toString('base64'), format: 'wav' } }],
])('%s that comes along is not', async (_what, path, asked) => {
  const { ask } = await setUp(ofMoney);
  expect((await ask(path, asked)).status).toBe(200);
});

it.each(ELSEWHERE)('%s may be counted as a call', async (_what, fields) => {
  const { ask } = await setUp(ofCalls);
  expect((await ask(OWN, fields)).status).toBe(200);
});

const SRT = '1\n00:00:01,000 --> 03:00:00,000\nHi.\n';

it.each([
  ['the last time of its transcript', { type: 'text/plain', body: SRT }, 180],
  [
    'what Mistral says',
    { body: '{"text":"Hi","usage":{"prompt_tokens":4,"prompt_audio_seconds":5400}}' },
    90,
  ],
  ['the last of its segments', { body: '{"text":"Hi","segments":[{"end":60},{"end":5400},{}]}' }, 90],
  ['the last of its words', { body: '{"text":"Hi","words":[{"word":"Hi","start":5399.2,"end":5400}]}' }, 90],
])('costs as long as it was by %s, however short the request is', async (_what, said, minutes) => {
  const elsewhere = await setUp({}, said);
  expect(await elsewhere.minutes(OWN, [['url', ADDRESS]])).toBeCloseTo(minutes, 6);
});

it('a file that came along beside an address was heard, too, as far as anybody knows', async () => {
  const { minutes } = await setUp({});
  const both = await minutes(OWN, [
    ['file', sound],
    ['file_url', ADDRESS],
  ]);
  expect(both).toBeCloseTo(1.5, 1);
});

const TOKENS = '"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}';
const NOUGHTS = '"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}';

it.each([
  ['tokens', TOKENS, OWN],
  ['noughts', NOUGHTS, OWN],
  ['tokens, by pass-through', TOKENS, PASSED],
])('what is sold by the minute costs what its sound lasts where only %s are reported', async (_, usage, path) => {
  const { minutes } = await setUp({}, { body: `{"text":"Hi",${usage}}` });
  expect(await minutes(path, [['file', sound]])).toBeCloseTo(1.5, 1);
});

it('what is sold by the token costs what is reported', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"text":"Hi",${TOKENS}}`),
  );
  const gateway = await aiGateway([provider], {
    models: { 'gpt-4o-mini': { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
    prices: { 'p0/gpt-4o-mini': { input: 1, output: 1 } },
  });
  const type = { 'content-type': 'multipart/form-data; boundary=b' };
  const heard = await chat(gateway, form([['file', sound]]), type, OWN);
  expect(await lineOf(gateway, heard)).toMatchObject({
    tokens_in: 4,
    tokens_out: 2,
    usage_source: 'reported',
  });
});
