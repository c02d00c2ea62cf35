// Services that speak OpenAI's API, each in its own way: a stock client must not need to know which one answers.
import { describe, expect, it } from 'vitest';
import { OPENAI_SERVICES } from '../../src/config/openai-services.ts';
import { aiGateway, CLIENT_KEY, chat, errorOf, PROVIDER_KEY, rawProvider, sdk } from '../helpers/ai.ts';
import { testGateway } from '../helpers/gateway.ts';

const ANSWER = {
  id: 'c1',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};
const paths: string[] = [];
const service = () =>
  rawProvider((response, _taken, message) => {
    paths.push(message.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ANSWER));
  });

async function setUp(kind: string, settings: object = {}, base = '/v1') {
  const provider = await service();
  const gateway = await aiGateway([{ kind, baseUrl: `${provider.url}${base}`, ...settings }], {
    models: { smart: { targets: [{ provider: 'p0', model: 'm 1' }] } },
  });
  const sent = () => JSON.parse(provider.taken.at(-1)?.body.toString() ?? '{}');
  return { provider, gateway, sent };
}

const ask = {
  model: 'smart',
  messages: [
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
  ],
  max_completion_tokens: 50,
};

it('there are at least 25 of them besides OpenAI', () => {
  expect(Object.keys(OPENAI_SERVICES).length).toBeGreaterThan(25);
});

it('Mistral is asked in its own words, whatever the client speaks', async () => {
  const { gateway, provider, sent } = await setUp('mistral');
  const asked = { ...ask, seed: 7, user: 'u1', safe_prompt: true };

  const answer = await chat(gateway, asked);
  expect(answer.status).toBe(200);
  expect(sent()).toEqual({
    model: 'm 1',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ],
    max_tokens: 50,
    random_seed: 7,
    // A field of Mistral's own goes through.
    safe_prompt: true,
  });
  expect(provider.taken[0]?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);

  const message = { model: 'smart', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
  await chat(gateway, message, { 'x-api-key': CLIENT_KEY }, '/v1/messages');
  expect(sent()).toMatchObject({ model: 'm 1', max_tokens: 9 });
});

it('Mistral is asked for vectors in its own words: it refuses `user`, and calls `dimensions` otherwise', async () => {
  const provider = await rawProvider((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"data":[{"index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":2}}'),
  );
  const gateway = await aiGateway([{ kind: 'mistral', baseUrl: `${provider.url}/v1` }]);
  const asked = { model: 'smart', input: ['a'], encoding_format: 'float', output_dtype: 'float' };

  const answer = await chat(gateway, { ...asked, dimensions: 256, user: 'u1' }, {}, '/v1/embeddings');
  await chat(gateway, { ...asked, output_dimension: 128 }, {}, '/v1/embeddings');

  expect(answer.status).toBe(200);
  const sent = provider.taken.map(({ body }) => JSON.parse(body.toString()));
  expect(sent).toEqual([
    { ...asked, model: 'gpt-4o-mini', output_dimension: 256 },
    { ...asked, model: 'gpt-4o-mini', output_dimension: 128 },
  ]);
});

describe('what others have thought, and written beside their answers, is left out for who refuses it', () => {
  const messages = [
    { role: 'user', content: 'Hello' },
    {
      role: 'assistant',
      content: null,
      refusal: null,
      annotations: [],
      reasoning_content: 'Look.',
      reasoning_details: [{ type: 'reasoning.text', text: 'Look.', signature: 's' }],
      tool_calls: [
        {
          id: 'D681PevKs',
          type: 'function',
          function: { name: 'look', arguments: '{}' },
          extra_content: { google: { thought_signature: 's' } },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'D681PevKs', content: 'x' },
    { role: 'assistant', content: null, refusal: 'No.' },
  ];
  const call = { id: 'D681PevKs', type: 'function', function: { name: 'look', arguments: '{}' } };

  it.each(['groq', 'mistral', 'cerebras', 'fireworks'])('%s', async (kind) => {
    const { gateway, sent } = await setUp(kind);
    await chat(gateway, { model: 'smart', messages });
    const kept = kind === 'fireworks' ? { reasoning_content: 'Look.' } : {};
    expect(sent().messages).toEqual([
      messages[0],
      { role: 'assistant', content: null, ...kept, tool_calls: [call] },
      messages[2],
      { role: 'assistant', content: 'No.' },
    ]);
  });

  it('and goes on to all others', async () => {
    const { gateway, sent } = await setUp('openrouter');
    await chat(gateway, { model: 'smart', messages });
    expect(sent().messages).toEqual(messages);
  });
});

describe('what a service does not take is refused by its name', () => {
  it.each<[string, object, string]>([
    ['groq', { logprobs: true }, 'logprobs'],
    ['groq', { n: 2 }, 'n'],
    ['cerebras', { frequency_penalty: 1 }, 'frequency_penalty'],
    [
      'deepseek',
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } } },
      'response_format',
    ],
    ['zhipu', { tool_choice: 'required' }, 'tool_choice'],
    ['zhipu', { stop: ['a', 'b'] }, 'stop'],
    ['perplexity', { tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
  ])('%s: %j', async (kind, extra, field) => {
    const { gateway, provider } = await setUp(kind);
    const answer = await chat(gateway, { ...ask, ...extra });
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ code: 'field_not_supported', param: field });
    expect(provider.taken).toEqual([]);
  });

  it('unless the operator lets it be left out', async () => {
    const { gateway, sent } = await setUp('groq', { drop: ['logprobs', 'logit_bias'] });
    const answer = await chat(gateway, { ...ask, logprobs: true, logit_bias: { 1: 1 } });
    expect(answer.status).toBe(200);
    expect(sent()).toEqual({ ...ask, model: 'm 1' });
  });

  it('also on the way from another format', async () => {
    const { gateway, sent } = await setUp('anthropic', { drop: ['seed', 'store', 'response_format'] });
    const response_format = { type: 'json_object' };
    await chat(gateway, { ...ask, seed: 1, store: true, response_format });
    expect(Object.keys(sent()).sort()).toEqual(['max_tokens', 'messages', 'model', 'system']);

    const refused = await chat(gateway, { ...ask, logit_bias: { 1: 1 } });
    expect(errorOf(refused)).toMatchObject({ code: 'field_not_supported', param: 'logit_bias' });
  });

  it('each by the name that its client gave it, though several mean the same, and those below it', async () => {
    const drop = ['safety_identifier', 'max_tokens', 'metadata.user_id'];
    const { gateway, sent } = await setUp('anthropic', { drop });
    const { max_completion_tokens: _, ...unbounded } = ask;
    await chat(gateway, { ...unbounded, safety_identifier: 'ann', max_tokens: 77 });
    const asked = sent();
    expect(asked).not.toHaveProperty('metadata');
    expect(asked.max_tokens).not.toBe(77);
  });
});

describe('what the operator drops is left out of what a service takes', () => {
  it.each(['openai', 'groq', 'azure-openai'])('%s', async (kind) => {
    const { gateway, sent } = await setUp(kind, { drop: ['temperature', 'metadata.run', 'messages'] });
    await chat(gateway, { ...ask, temperature: 0.2, metadata: { run: 'r1', of: 'x' } });
    expect(sent()).toEqual({ ...ask, model: 'm 1', metadata: { of: 'x' } });
  });

  it('of messages, too', async () => {
    const { gateway, sent } = await setUp('anthropic', { drop: ['temperature'] });
    const asked = { model: 'smart', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
    await chat(gateway, { ...asked, temperature: 0.2 }, {}, '/v1/messages');
    expect(sent()).toEqual({ ...asked, model: 'm 1' });
  });

  it('and a request without it goes as the bytes that came', async () => {
    const { gateway, provider } = await setUp('openai', { drop: ['temperature'] });
    const body = '{ "model":"m 1",  "messages":[ ], "x":1e400 }';
    await chat(gateway, body.replace('"m 1"', '"smart"'));
    expect(provider.taken[0]?.body.toString()).toBe(body);
  });
});

it('values that ask for nothing are no reason to refuse', async () => {
  const { gateway, sent } = await setUp('groq');
  const answer = await chat(gateway, { ...ask, n: 1, logprobs: false, logit_bias: null });
  expect(answer.status).toBe(200);
  expect(sent()).toEqual({ ...ask, model: 'm 1' });
});

it('a service without differences gets the bytes as they came', async () => {
  const { gateway, provider } = await setUp('xai');
  const body = '{ "model":"smart",  "messages":[ ], "x":1e400 }';
  expect((await chat(gateway, body)).status).toBe(200);
  expect(provider.taken[0]?.body.toString()).toBe(body.replace('"smart"', '"m 1"'));
});

it('a server of one’s own needs no key, and none is made up', async () => {
  const provider = await service();
  const gateway = await testGateway({
    ai: {
      providers: { local: { kind: 'vllm', baseUrl: `${provider.url}/v1` } },
      models: { smart: { targets: [{ provider: 'local', model: 'm' }] } },
    },
  });
  expect((await chat(gateway, ask)).status).toBe(200);
  expect(provider.taken[0]?.headers).not.toHaveProperty('authorization');
});

it('Azure is asked at the deployment, or by the v1 API; its key goes in a header of its own', async () => {
  const classic = await setUp('azure-openai', { apiVersion: '2024-10-21' }, '');
  await sdk(classic.gateway).chat.completions.create({ model: 'smart', messages: [] });
  const v1 = await setUp('azure-openai', {}, '/openai/v1');
  await sdk(v1.gateway).chat.completions.create({ model: 'smart', messages: [] });

  expect(paths.slice(-2)).toEqual([
    '/openai/deployments/m%201/chat/completions?api-version=2024-10-21',
    '/openai/v1/chat/completions',
  ]);
  for (const { provider } of [classic, v1]) {
    expect(provider.taken[0]?.headers).toMatchObject({ 'api-key': PROVIDER_KEY });
    expect(provider.taken[0]?.headers).not.toHaveProperty('authorization');
  }
});

it.each([
  [1002, 429, 'rate_limited'],
  [1008, 503, 'quota_spent'],
  [1004, 502, 'auth_failed'],
  [2013, 400, ''],
  [1000, 500, ''],
])('what MiniMax says under 200 (%i) is what it means, whole and as a stream', async (code, status, reason) => {
  const refusal = { choices: null, base_resp: { status_code: code, status_msg: 'no, thanks' } };
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(refusal)),
  );
  const gateway = await aiGateway([{ kind: 'minimax', baseUrl: provider.url }]);
  for (const stream of [false, true])
    expect((await chat(gateway, { ...ask, stream })).status, `stream: ${stream}`).toBe(status);
  const message = { model: 'smart', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
  const refused = await chat(gateway, message, { 'x-api-key': CLIENT_KEY }, '/v1/messages');
  if (status < 502) expect(errorOf(refused).message).toBe('no, thanks');
  expect(await gateway.metric('gateway_ai_target_cooling', { reason })).toBe(reason === '' ? 0 : 1);
});
