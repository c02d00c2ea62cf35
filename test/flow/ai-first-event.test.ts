// A refusal may come as a stream's first event, under a 200: it counts as if the provider had refused before.
import { expect, it } from 'vitest';
import { awsEvent } from '../../src/demo/aws-event.ts';
import {
  aiGateway,
  chat,
  DONE,
  errorOf,
  event,
  hello,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  word,
} from '../helpers/ai.ts';

const AWS = { 'content-type': 'application/vnd.amazon.eventstream' };
const named = (data: object): string => `event: error\n${event(data)}`;
const ANSWER = `${ROLE}${word('a')}${STOP}${DONE}`;
const QUOTA = {
  message: 'You exceeded your current quota',
  type: 'insufficient_quota',
  code: 'insufficient_quota',
};

/** What a provider's first event says, and what it says in OpenAI's chat after that. */
async function setUp(
  kind: string,
  first: string | Buffer,
  headers: Record<string, string> = STREAM_HEADERS,
  settings: object = {},
) {
  const [refusing, other] = await Promise.all([
    rawProvider((response) => response.writeHead(200, headers).end(first)),
    rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(ANSWER)),
  ]);
  const refusingAt = { kind, baseUrl: refusing.url, ...settings };
  const gateway = await aiGateway([refusingAt, other], {
    models: {
      both: {
        targets: [{ provider: 'p0', model: 'm' }],
        fallback: ['backup-1'],
        retry: { attempts: 1, on: [503] },
      },
      alone: { targets: [{ provider: 'p0', model: 'm' }] },
    },
  });
  const rests = (reason: string) => gateway.metric('gateway_ai_target_cooling', { model: 'both', reason });
  return { gateway, refusing, other, rests };
}

it('spent quota: the next key is asked in the same call, and the spent one rests as long as quota does', async () => {
  const provider = await rawProvider((response, { headers }) =>
    response
      .writeHead(200, STREAM_HEADERS)
      .end(headers.authorization === 'Bearer second' ? ANSWER : named({ error: QUOTA })),
  );
  const apiKeys = ['first', 'second'].map((apiKey) => ({ id: apiKey, apiKey }));
  const gateway = await aiGateway([provider], {
    ai: { providers: { many: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKeys } } },
    models: { both: { targets: [{ provider: 'many', model: 'gpt-4o-mini' }], retry: { attempts: 3 } } },
  });

  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await chat(gateway, { ...hello(true), model: 'both' }));

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers[0]?.body.toString()).toContain('"content":"a"');
  const asked = provider.taken.map(({ headers }) => headers.authorization);
  expect(asked.filter((key) => key === 'Bearer first')).toHaveLength(1);
  const cooling = { model: 'both', target: 'many/gpt-4o-mini#first' };
  expect(await gateway.metric('gateway_ai_target_cooling', { ...cooling, reason: 'quota_spent' })).toBe(1);
});

it.each<[string, string, string | Buffer, string, object?, Record<string, string>?]>([
  ['OpenAI: quota', 'openai', named({ error: QUOTA }), 'quota_spent'],
  ['OpenAI: quota, without a name', 'openai', event({ error: QUOTA }), 'quota_spent'],
  [
    'OpenAI: a limit',
    'openai',
    event({ error: { code: 'rate_limit_exceeded', message: 'x' } }),
    'rate_limited',
  ],
  ['OpenAI: a key', 'openai', event({ error: { code: 'invalid_api_key', message: 'x' } }), 'auth_failed'],
  ['OpenRouter: a key', 'openai', event({ error: { code: 401, message: 'x' } }), 'auth_failed'],
  ['OpenRouter: credits', 'openai', event({ error: { code: 402, message: 'x' } }), 'quota_spent'],
  [
    'Anthropic: a key',
    'anthropic',
    named({ type: 'error', error: { type: 'authentication_error', message: 'x' } }),
    'auth_failed',
  ],
  [
    'Anthropic: bills',
    'anthropic',
    named({ type: 'error', error: { type: 'billing_error', message: 'x' } }),
    'quota_spent',
  ],
  [
    'Anthropic: credit',
    'anthropic',
    named({
      type: 'error',
      error: { type: 'invalid_request_error', message: 'Your credit balance is too low to go on' },
    }),
    'quota_spent',
  ],
  [
    'Anthropic: a limit',
    'anthropic',
    named({ type: 'error', error: { type: 'rate_limit_error', message: 'x' } }),
    'rate_limited',
  ],
  [
    'Google: a limit',
    'gemini',
    event({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' } }),
    'rate_limited',
  ],
  [
    'Google: a key',
    'gemini',
    event({ error: { code: 400, message: 'x', details: [{ reason: 'API_KEY_INVALID' }] } }),
    'auth_failed',
  ],
  [
    'Google: a model',
    'gemini',
    event({ error: { code: 403, status: 'PERMISSION_DENIED', message: 'x' } }),
    'auth_failed',
  ],
  [
    'Cohere: words that others use',
    'cohere',
    event({ message: 'Your credit balance is too low' }),
    'quota_spent',
  ],
  [
    'Amazon: a limit',
    'bedrock',
    awsEvent('throttlingException', { message: 'x' }),
    'rate_limited',
    { region: 'eu-west-1' },
    AWS,
  ],
])('%s: what a first event says rests by it, and another model answers', async (_who, kind, first, reason, settings, headers) => {
  const { gateway, refusing, other, rests } = await setUp(kind, first, headers, settings);

  const answer = await chat(gateway, { ...hello(true), model: 'both' });

  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toContain('"content":"a"');
  expect([refusing.taken.length, other.taken.length]).toEqual([1, 1]);
  expect(await rests(reason)).toBe(1);
});

it.each([
  ['OpenAI', 'openai', named({ error: QUOTA }), 503, 'provider_quota_spent'],
  [
    'Anthropic',
    'anthropic',
    named({ type: 'error', error: { type: 'authentication_error', message: 'key k1' } }),
    502,
    'provider_auth_failed',
  ],
])('%s: what is about the gateway’s own key is told its client as that', async (_who, kind, first, status, code) => {
  const { gateway } = await setUp(kind, first);

  const answer = await chat(gateway, { ...hello(true), model: 'alone' });

  expect(answer.status).toBe(status);
  expect(errorOf(answer)).toMatchObject({ code });
  expect(answer.body.toString()).not.toContain('k1');
});

it.each([
  ['an event', { type: 'error', code: 'insufficient_quota', message: 'x' }],
  ['an event of its own form', { type: 'error', error: QUOTA }],
  ['a response that has failed', { type: 'response.failed', response: { status: 'failed', error: QUOTA } }],
])('OpenAI’s responses say it in %s', async (_how, said) => {
  const { gateway } = await setUp('openai', event({ type: 'response.created', response: {} }) + event(said));

  const answer = await chat(gateway, { model: 'alone', input: 'Hello', stream: true }, {}, '/v1/responses');

  expect([answer.status, errorOf(answer).code]).toEqual([503, 'provider_quota_spent']);
  expect(await gateway.metric('gateway_ai_target_cooling', { model: 'alone', reason: 'quota_spent' })).toBe(
    1,
  );
});

it('Google says for how long in the event: so long it rests, and its client is told', async () => {
  const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '57.2s' };
  const { gateway } = await setUp('gemini', event({ error: { code: 429, message: 'x', details: [info] } }));

  const answer = await chat(gateway, { ...hello(true), model: 'alone' });

  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '58']);
});

it('one request that is too large for the key says nothing of the key', async () => {
  const message = 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 30601.';
  const { gateway, rests } = await setUp(
    'openai',
    event({ error: { code: 'rate_limit_exceeded', message } }),
  );

  const answer = await chat(gateway, { ...hello(true), model: 'both' });

  expect(answer.status).toBe(200);
  expect(await rests('rate_limited')).toBe(0);
  expect((await lineOf(gateway, answer)).failed_attempts).toEqual(['p0/m 429']);
});
