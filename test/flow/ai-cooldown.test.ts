// A target or key that can't answer now is left alone, with its reason, and others answer. Never are all left alone.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, hello, lineOf, PROVIDER_KEY, rawProvider } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
const COMPLETION = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}';
const ok = (response: ServerResponse): void => void response.writeHead(200, json).end(COMPLETION);
const refuse = (
  response: ServerResponse,
  status: number,
  headers: object = {},
  error: object | string = {},
): void =>
  void response
    .writeHead(status, { ...json, ...headers })
    .end(JSON.stringify({ error: typeof error === 'string' ? error : { message: 'no', ...error } }));

const target = (provider: string) => ({ provider, model: 'gpt-4o-mini' });
/** `both` takes turns between two providers and may try the other one. */
const both = (own: object = {}) => ({
  both: { targets: [target('p0'), target('p1')], retry: { attempts: 2 }, ...own },
});
const ask = { ...hello(), model: 'both' };

it('429 with Retry-After: the target rests for so long, the other answers, and a reload forgets nothing', async () => {
  const limited = await rawProvider((response) => refuse(response, 429, { 'retry-after': '60' }));
  const other = await rawProvider(ok);
  const gateway = await aiGateway([limited, other], { models: both() });

  const first = await chat(gateway, ask);
  expect(first.status).toBe(200);
  expect(first.headers).toMatchObject({ 'x-gateway-target': 'p1/gpt-4o-mini', 'x-gateway-attempts': '2' });
  expect(await lineOf(gateway, first)).toMatchObject({
    attempts: 2,
    retries: 1,
    failed_attempts: ['p0/gpt-4o-mini 429'],
  });
  const cooling = { model: 'both', target: 'p0/gpt-4o-mini', reason: 'rate_limited' };
  expect(await gateway.metric('gateway_ai_target_cooling', cooling)).toBe(1);
  expect(gateway.lines).toContainEqual(
    expect.objectContaining({ msg: 'state changed', kind: 'provider', from: 'ready', to: 'rate_limited' }),
  );

  for (let i = 0; i < 4; i++) expect((await chat(gateway, ask)).headers['x-gateway-attempts']).toBe('1');
  expect(await gateway.reload()).toBe(true);
  for (let i = 0; i < 4; i++) expect((await chat(gateway, ask)).status).toBe(200);
  expect(limited.taken).toHaveLength(1);
});

it('Google says in the body of its 429 for how long: so long it rests, and its client is told', async () => {
  const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '57.2s' };
  const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded.', details: [info] };
  const limited = await rawProvider((response) => refuse(response, 429, {}, error));
  const listed = await rawProvider((response) =>
    response.writeHead(429, json).end(JSON.stringify([{ error }])),
  );
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: limited.url }, listed], {
    models: {
      google: { targets: [target('p0')], cooldown: { rateLimited: '0s' } },
      inOpenAis: { targets: [target('p1')], cooldown: { rateLimited: '0s' } },
    },
  });

  for (const model of ['google', 'inOpenAis']) {
    const answer = await chat(gateway, { ...hello(), model });

    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '58']);
    expect(await gateway.metric('gateway_ai_target_cooling', { model, reason: 'rate_limited' })).toBe(1);
  }
});

it('its time over, it is asked again', async () => {
  let isLimited = true;
  const limited = await rawProvider((response) =>
    isLimited ? refuse(response, 429, { 'retry-after-ms': '200' }) : ok(response),
  );
  const gateway = await aiGateway([limited, await rawProvider(ok)], { models: both() });

  await chat(gateway, ask);
  isLimited = false;

  await eventually(async () => (await chat(gateway, ask)).headers['x-gateway-target'] === 'p0/gpt-4o-mini');
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
});

it('all rest: the least bad is asked, and its answer ends its rest', async () => {
  let isOut = true;
  const long = await rawProvider((response) =>
    isOut ? refuse(response, 429, { 'retry-after': '300' }) : ok(response),
  );
  const short = await rawProvider((response) =>
    isOut ? refuse(response, 429, { 'retry-after': '30' }) : ok(response),
  );
  const gateway = await aiGateway([long, short], { models: both() });
  const cooling = (target: string) => gateway.metric('gateway_ai_target_cooling', { model: 'both', target });

  expect((await chat(gateway, ask)).status).toBe(429);
  // Whoever was asked second rests as well.
  expect([await cooling('p0/gpt-4o-mini'), await cooling('p1/gpt-4o-mini')]).toEqual([1, 1]);
  isOut = false;
  const answer = await chat(gateway, ask);

  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ 'x-gateway-target': 'p1/gpt-4o-mini', 'x-gateway-attempts': '1' });
  expect([await cooling('p0/gpt-4o-mini'), await cooling('p1/gpt-4o-mini')]).toEqual([1, 0]);
});

it('what was asked before a target was told to rest, or is refused for what it asks, does not end its rest', async () => {
  const held: ServerResponse[] = [];
  let answers: 'later' | 'limited' | 'wrong' = 'later';
  const provider = await rawProvider((response) => {
    if (answers === 'later') held.push(response);
    else if (answers === 'limited') refuse(response, 503, { 'retry-after': '60' });
    else refuse(response, 400);
  });
  const gateway = await aiGateway([provider], { models: { alone: { targets: [target('p0')] } } });
  const alone = { ...hello(), model: 'alone' };
  const cooling = () => gateway.metric('gateway_ai_target_cooling', { model: 'alone', reason: 'down' });

  const first = chat(gateway, alone);
  await eventually(() => held.length === 1);
  answers = 'limited';
  expect((await chat(gateway, alone)).status).toBe(503);
  ok(held[0] as ServerResponse);
  expect((await first).status).toBe(200);
  expect(await cooling()).toBe(1);
  answers = 'wrong';
  expect((await chat(gateway, alone)).status).toBe(400);
  expect(await cooling()).toBe(1);
});

it('a page that says 404 between two failures makes them no fewer', async () => {
  let asked = 0;
  const shaky = await rawProvider((response) =>
    asked++ % 2 === 0
      ? refuse(response, 503)
      : void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>default backend</h1>'),
  );
  const gateway = await aiGateway([shaky], { models: { shaky: { targets: [target('p0')] } } });
  for (let at = 0; at < 5; at++) await chat(gateway, { ...hello(), model: 'shaky' });
  expect(await gateway.metric('gateway_ai_target_cooling', { reason: 'down', model: 'shaky' })).toBe(1);
});

it('who says what is wrong with a request is up', async () => {
  let asked = 0;
  const shaky = await rawProvider((response) =>
    asked++ % 2 === 0
      ? refuse(response, 503)
      : refuse(response, 400, {}, { code: 'context_length_exceeded', message: 'Too long.' }),
  );
  const gateway = await aiGateway([shaky], { models: { shaky: { targets: [target('p0')] } } });
  for (let at = 0; at < 6; at++) await chat(gateway, { ...hello(), model: 'shaky' });
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
});

it('a page in place of an answer (403), or a model that there is not (404), is the target’s, and another one is asked', async () => {
  const page = await rawProvider((response) =>
    response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Blocked</h1>'),
  );
  const unknown = await rawProvider((response) =>
    refuse(response, 404, {}, { code: 'model_not_found', message: 'The model does not exist' }),
  );
  const gateway = await aiGateway([page, unknown, await rawProvider(ok)], {
    models: {
      blocked: { targets: [target('p0'), target('p2')], retry: { attempts: 2, budget: '100%' } },
      misnamed: { targets: [target('p1'), target('p2')], retry: { attempts: 2, budget: '100%' } },
    },
  });
  const cooling = async (reason: string) =>
    (await gateway.metric('gateway_ai_target_cooling', { reason, model: 'blocked' })) +
    (await gateway.metric('gateway_ai_target_cooling', { reason, model: 'misnamed' }));

  for (const model of ['blocked', 'misnamed']) {
    await chat(gateway, { ...hello(), model });
    expect((await chat(gateway, { ...hello(), model })).status).toBe(200);
  }
  expect([await cooling('auth_failed'), await cooling('down')]).toEqual([0, 0]);
  for (const model of ['blocked', 'misnamed'])
    for (let at = 0; at < 6; at++) expect((await chat(gateway, { ...hello(), model })).status).toBe(200);
  expect([page.taken.length, unknown.taken.length]).toEqual([3, 3]);
  expect(await cooling('down')).toBe(2);
});

it.each([
  [
    404,
    { message: 'This model version has reached the end of its life. Please refer to the AWS documentation.' },
  ],
  [404, { message: 'Access denied. This Model is marked by provider as Legacy and you have not used it.' }],
  [404, { message: 'Could not resolve the foundation model from the provided model identifier.' }],
  [400, { message: 'The provided model identifier is invalid.' }],
  [404, [{ error: { code: 404, message: 'models/gone is not found for API version v1beta' } }]],
])('a model that Amazon or Google has no more is the target’s, however that is said: %s %j', async (status, said) => {
  const gone = await rawProvider((response) => response.writeHead(status, json).end(JSON.stringify(said)));
  const gateway = await aiGateway([gone, await rawProvider(ok)], {
    models: {
      ...both({ retry: { attempts: 2, budget: '100%' } }),
      alone: { targets: [target('p0')], fallback: ['written'] },
      written: { rules: [{ reply: 'Nobody is there.' }] },
    },
  });

  for (let at = 0; at < 8; at++) expect((await chat(gateway, ask)).status).toBe(200);

  expect(gone.taken).toHaveLength(3);
  expect(await gateway.metric('gateway_ai_target_cooling', { model: 'both', reason: 'down' })).toBe(1);
  // It says nothing of what is wrong with the request.
  expect((await chat(gateway, { ...hello(), model: 'alone' })).status).toBe(200);
});

it('Google’s errors are read in a list, too: one request is too long, an account is spent', async () => {
  const listed = (code: number, error: object) =>
    rawProvider((response) => response.writeHead(code, json).end(JSON.stringify([{ error }])));
  const message = 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).';
  const [long, spent] = [
    await listed(400, { code: 400, message }),
    await listed(429, { code: 'insufficient_quota' }),
  ];
  const gateway = await aiGateway([long, await rawProvider(ok), spent], {
    models: { alone: { targets: [target('p2')] } },
  });

  expect((await chat(gateway, hello())).headers['x-gateway-target']).toBe('p1/gpt-4o-mini');
  const refused = await chat(gateway, { ...hello(), model: 'alone' });
  expect([refused.status, errorOf(refused).code]).toEqual([503, 'provider_quota_spent']);
});

it('a file that a request names and there is not (404) rests nobody', async () => {
  const provider = await rawProvider((response) => refuse(response, 404, {}, { message: 'File not found' }));
  const gateway = await aiGateway([provider], { models: { alone: { targets: [target('p0')] } } });
  for (let at = 0; at < 4; at++)
    expect((await chat(gateway, { ...hello(), model: 'alone' })).status).toBe(404);
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
});

it('what an account can’t pay for in one call it may in the next: that rests nobody', async () => {
  const message =
    'This request requires more credits, or fewer max_tokens. You requested up to 64000 tokens, but can only afford 900.';
  const provider = await rawProvider((response, { body }) =>
    body.includes('long') ? refuse(response, 402, {}, { code: 402, message }) : ok(response),
  );
  const gateway = await aiGateway([provider], { models: { alone: { targets: [target('p0')] } } });
  const long = { model: 'alone', messages: [{ role: 'user', content: 'long' }] };
  expect(errorOf(await chat(gateway, long)).code).toBe('provider_quota_spent');
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
  expect((await chat(gateway, { ...hello(), model: 'alone' })).status).toBe(200);
});

it('all rest, and the least bad can’t answer yet: a retry is the next one’s', async () => {
  const long = await rawProvider((response) =>
    long.taken.length > 1 ? ok(response) : refuse(response, 429, { 'retry-after': '300' }),
  );
  const short = await rawProvider((response) => refuse(response, 429, { 'retry-after': '30' }));
  const gateway = await aiGateway([long, short], { models: both() });

  expect((await chat(gateway, ask)).status).toBe(429);
  const answer = await chat(gateway, ask);

  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ 'x-gateway-target': 'p0/gpt-4o-mini', 'x-gateway-attempts': '2' });
});

it.each([
  ['OpenAI', 429, { code: 'insufficient_quota', type: 'insufficient_quota' }],
  ['Anthropic', 400, { type: 'invalid_request_error', message: 'Your credit balance is too low to access' }],
  [
    'Anthropic (a limit of the account)',
    400,
    { type: 'invalid_request_error', message: 'You have reached your specified API usage limits. You will' },
  ],
  [
    'Anthropic (a limit of the workspace)',
    400,
    {
      type: 'invalid_request_error',
      message: 'You have reached your specified workspace API usage limits.',
    },
  ],
  [
    'Anthropic (a limit that it enforces)',
    429,
    { type: 'rate_limit_error', details: { error_code: 'enforced_spend_limit_reached' } },
  ],
  ['OpenAI (a project’s limit)', 429, { code: 'project_spend_limit_exceeded' }],
  ['Groq', 400, { code: 'blocked_api_access', message: 'Your organization has reached its spend limit.' }],
  ['DeepSeek', 402, { message: 'Insufficient Balance' }],
  ['Moonshot', 429, { type: 'exceeded_current_quota_error', message: 'Your account org-1 has no balance' }],
  ['Qwen', 400, { code: 'Arrearage', type: 'Arrearage' }],
  ['Zhipu', 429, { code: '1113', message: 'Insufficient balance' }],
  ['SiliconFlow', 403, 'Sorry, your account balance is insufficient'],
  ['xAI', 429, 'Your team 1 has either used all available credits or spent its balance.'],
])('quota spent, as %s says it: the key rests long and the client reads nothing of it', async (_who, status, error) => {
  const spent = await rawProvider((response) => refuse(response, status, {}, error));
  const gateway = await aiGateway([spent, await rawProvider(ok)], {
    models: { ...both(), alone: { targets: [target('p0')] } },
  });

  const alone = await chat(gateway, { ...ask, model: 'alone' });
  expect(alone.status).toBe(503);
  expect(errorOf(alone).code).toBe('provider_quota_spent');
  expect(alone.body.toString()).not.toMatch(/balance/i);

  for (let i = 0; i < 4; i++) expect((await chat(gateway, ask)).headers['x-gateway-attempts']).toBe('1');
  expect(spent.taken, 'what one model learnt of the key holds for the other').toHaveLength(1);
  expect(await gateway.metric('gateway_ai_target_cooling', { model: 'both', reason: 'quota_spent' })).toBe(1);
});

it('a refused key rests, the others of its provider take turns, and the log names the one that was used', async () => {
  const shown: string[] = [];
  const provider = await rawProvider((response, { headers }) => {
    const key = String(headers.authorization).replace('Bearer ', '');
    shown.push(key);
    if (key === 'revoked') refuse(response, 401, {}, { message: `Incorrect API key: ${key}` });
    else ok(response);
  });
  const apiKeys = ['revoked', 'second', 'third'].map((apiKey, i) => ({ id: `k${i + 1}`, apiKey }));
  const gateway = await aiGateway([provider], {
    models: { keys: { targets: [target('many')], retry: { attempts: 2 } } },
    ai: { providers: { many: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKeys } } },
  });
  const keys = { ...hello(), model: 'keys' };

  const first = await chat(gateway, keys);
  expect(first.status).toBe(200);
  expect(await lineOf(gateway, first)).toMatchObject({
    provider_key: 'k2',
    failed_attempts: ['many/gpt-4o-mini#k1 401'],
  });
  for (let i = 0; i < 4; i++) await chat(gateway, keys);

  expect(shown).toEqual(['revoked', 'second', 'third', 'second', 'third', 'second']);
  const cooling = { target: 'many/gpt-4o-mini#k1', reason: 'auth_failed' };
  expect(await gateway.metric('gateway_ai_target_cooling', cooling)).toBe(1);
  expect(JSON.stringify(gateway.lines)).not.toContain('revoked');
});

it.each([
  [
    'OpenRouter',
    403,
    { message: 'Your input was flagged.', metadata: { reasons: ['x'], flagged_input: 'bad' } },
  ],
  [
    'OpenAI (a key of few rights)',
    401,
    {
      message: 'You have insufficient permissions for this operation. Missing scopes: model.request.',
    },
  ],
  ['xAI', 403, 'Content violates usage guidelines. Model: grok-4, Failed check: SAFETY_CHECK_TYPE_BIO'],
  [
    'OpenAI',
    429,
    { message: 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 30601.' },
  ],
  ['Groq', 413, { message: 'Request too large for model `llama` on tokens per minute (TPM): Limit 6000' }],
  ['OpenAI (too long)', 400, { code: 'context_length_exceeded', message: 'Your input exceeds the window.' }],
  [
    'vLLM',
    400,
    { message: "This model's maximum context length is 4096 tokens. However, you requested 5000." },
  ],
  ['TGI', 422, 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000'],
])('what one request holds rests nobody, as %s refuses it: its client reads why, and a fallback may answer', async (_who, status, error) => {
  const strict = await rawProvider((response, { body }) =>
    body.includes('bad') ? refuse(response, status, {}, error) : ok(response),
  );
  const gateway = await aiGateway([strict, await rawProvider(ok)], {
    models: { alone: { targets: [target('p0')], retry: { attempts: 3 } } },
  });
  const bad = { ...hello(), messages: [{ role: 'user', content: 'bad' }] };

  const refused = await chat(gateway, { ...bad, model: 'alone' });
  expect([refused.status, errorOf(refused)]).toEqual([status, error]);
  expect(strict.taken).toHaveLength(1);
  expect((await chat(gateway, bad)).headers['x-gateway-target']).toBe('p1/gpt-4o-mini');
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
  expect((await chat(gateway, { ...hello(), model: 'alone' })).status).toBe(200);
});

it('what is wrong with a request ends the chain, except where the config says that another may take it', async () => {
  const error = { message: 'Unsupported value: temperature', param: 'temperature' };
  const strict = await rawProvider((response) => refuse(response, 400, {}, error));
  const targets = [target('p0')];
  const retry = { attempts: 3, on: [400] };
  const gateway = await aiGateway([strict, await rawProvider(ok)], {
    models: {
      plain: { targets, fallback: ['other'] },
      listed: { targets, fallback: ['other'], retry },
      balanced: { targets: [...targets, target('p1')], retry },
      alone: { targets, retry, fallback: ['written'] },
      other: { targets: [target('p1')] },
      written: { rules: [{ reply: 'Nobody is there.' }] },
    },
  });
  for (const [model, status, from] of [
    ['plain', 400, 'p0/gpt-4o-mini'],
    ['listed', 200, 'p1/gpt-4o-mini'],
    ['balanced', 200, 'p1/gpt-4o-mini'],
  ] as const) {
    const { status: said, headers } = await chat(gateway, { ...hello(), model });
    expect([model, said, headers['x-gateway-target']]).toEqual([model, status, from]);
  }
  // The same target is not asked again, and rules do not hide what is wrong.
  const before = strict.taken.length;
  const refused = await chat(gateway, { ...hello(), model: 'alone' });
  expect([refused.status, errorOf(refused)]).toEqual([400, error]);
  expect(strict.taken).toHaveLength(before + 1);
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
});

it('what one model finds too long another of the same provider may read', async () => {
  const tooLong = { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000' };
  const claude = await rawProvider((response, { body }) =>
    body.includes('"short"') ? refuse(response, 400, {}, tooLong) : ok(response),
  );
  const gateway = await aiGateway([claude], {
    models: {
      both: {
        targets: [
          { provider: 'p0', model: 'short' },
          { provider: 'p0', model: 'long' },
        ],
        retry: { attempts: 2 },
      },
    },
  });
  for (let at = 0; at < 2; at++)
    expect((await chat(gateway, ask)).headers['x-gateway-target']).toBe('p0/long');
});

it('a limit of one key is asked about no further there, and another key, or another provider, may take the request', async () => {
  const tooLarge = {
    message: 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 30601.',
  };
  const small = await rawProvider((response, { headers }) =>
    String(headers.authorization).includes('low') ? refuse(response, 429, {}, tooLarge) : ok(response),
  );
  const apiKeys = ['low', 'high'].map((apiKey) => ({ id: apiKey, apiKey }));
  const flags = await rawProvider((response) =>
    refuse(response, 403, {}, { message: 'Flagged.', metadata: { flagged_input: 'x' } }),
  );
  const gateway = await aiGateway([small, flags, await rawProvider(ok)], {
    ai: {
      providers: { keys: { kind: 'openai', baseUrl: `${small.url}/v1`, apiKeys } },
    },
    models: {
      keyed: { targets: [target('keys')], retry: { attempts: 3 } },
      moderated: {
        targets: [target('p1'), { ...target('p1'), version: 'b' }, target('p2')],
        retry: { attempts: 3 },
      },
    },
  });
  for (const model of ['keyed', 'moderated'])
    for (let at = 0; at < 2; at++)
      expect([model, at, (await chat(gateway, { ...hello(), model })).status]).toEqual([model, at, 200]);
  expect(await gateway.metric('gateway_ai_target_cooling')).toBe(0);
});

it('what a provider says of the gateway’s own key in such a refusal is not for its clients', async () => {
  const error =
    'Content violates usage guidelines. Team: 0b1, API key ID: 7f3, Model: grok-4, Failed check: SAFETY_CHECK_TYPE_BIO';
  const gateway = await aiGateway([await rawProvider((response) => refuse(response, 403, {}, error))]);
  const refused = await chat(gateway, hello());
  expect([refused.status, errorOf(refused).code]).toEqual([400, 'content_filtered']);
  expect(JSON.stringify(refused.body)).not.toContain('API key ID');
});

it('a key that Google finds no good rests, though it says so in a 400; what a client sent rests nothing', async () => {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }];
  const google = await rawProvider((response) =>
    refuse(
      response,
      400,
      {},
      { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT', details },
    ),
  );
  const echoes = await rawProvider((response) =>
    refuse(response, 400, {}, { message: 'Invalid value: Your credit balance is too low, API_KEY_INVALID' }),
  );
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: google.url }, echoes], {
    models: { alone: { targets: [target('p0')] }, other: { targets: [target('p1')] } },
  });

  const alone = await chat(gateway, { ...ask, model: 'alone' });
  expect([alone.status, errorOf(alone).code]).toEqual([502, 'provider_auth_failed']);
  expect(await gateway.metric('gateway_ai_target_cooling', { reason: 'auth_failed', model: 'alone' })).toBe(
    1,
  );
  expect((await chat(gateway, { ...ask, model: 'other' })).status).toBe(400);
  expect(await gateway.metric('gateway_ai_target_cooling', { model: 'other' })).toBe(0);
});

it('a key that was taken out (weight: 0) is shown to nobody, also when all others rest', async () => {
  const shown = new Set<string>();
  const provider = await rawProvider((response, { headers }) => {
    shown.add(String(headers.authorization));
    refuse(response, 429, { 'retry-after': '60' });
  });
  const apiKeys = [
    { id: 'leaked', apiKey: 'leaked', weight: 0 },
    { id: 'good', apiKey: 'good' },
  ];
  const gateway = await aiGateway([provider], {
    models: { keys: { targets: [target('many')], retry: { attempts: 2 } } },
    ai: { providers: { many: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKeys } } },
  });

  for (let i = 0; i < 3; i++) expect((await chat(gateway, { ...hello(), model: 'keys' })).status).toBe(429);

  expect([...shown]).toEqual(['Bearer good']);
});

it('accounts that show no key of their own rest each for itself, though they share an address', async () => {
  const askedBy: string[] = [];
  const provider = await rawProvider((response, { headers }) => {
    const [, id = ''] = /Credential=([A-Z]+)/.exec(String(headers.authorization)) ?? [];
    askedBy.push(id);
    if (id === 'SPENT') return refuse(response, 402);
    response
      .writeHead(200, json)
      .end('{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":"end_turn"}');
  });
  const account = (accessKeyId: string) => ({
    kind: 'bedrock',
    baseUrl: provider.url,
    accessKeyId,
    secretAccessKey: 's',
    region: 'eu-west-1',
  });
  const gateway = await aiGateway([provider], {
    models: { amazon: { targets: [target('one'), target('other')], retry: { attempts: 2 } } },
    ai: { providers: { one: account('SPENT'), other: account('GOOD') } },
  });

  for (let i = 0; i < 2; i++) expect((await chat(gateway, { ...hello(), model: 'amazon' })).status).toBe(200);

  expect(askedBy).toEqual(['SPENT', 'GOOD', 'GOOD']);
  // Only the spent account rests.
  expect(await gateway.metric('gateway_ai_target_cooling', { target: 'one/gpt-4o-mini' })).toBe(1);
  expect(await gateway.metric('gateway_ai_target_cooling', { target: 'other/gpt-4o-mini' })).toBe(0);
});

it('a target that fails three times in a row is down; while it rests it is not asked', async () => {
  const down = await rawProvider((response) => refuse(response, 500));
  const gateway = await aiGateway([down, await rawProvider(ok)], {
    models: both({ cooldown: { down: '1m' } }),
  });

  for (let i = 0; i < 12; i++) expect((await chat(gateway, ask)).status).toBe(200);

  expect(down.taken).toHaveLength(3);
  expect(await gateway.metric('gateway_ai_target_cooling', { model: 'both', reason: 'down' })).toBe(1);
});

it('a model that rests is passed over for its fallback', async () => {
  const primary = await rawProvider((response) => refuse(response, 503, { 'retry-after': '60' }));
  const gateway = await aiGateway([primary, await rawProvider(ok)]);

  expect((await chat(gateway, hello())).headers['x-gateway-attempts']).toBe('2');
  const answer = await chat(gateway, hello());

  expect(answer.headers['x-gateway-attempts']).toBe('1');
  expect(await lineOf(gateway, answer)).toMatchObject({ fallback: 'backup-1', outcome: 'fallback_used' });
  expect(primary.taken).toHaveLength(1);
  expect(primary.taken[0]?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
});

it('all models rest: each of them is asked, the least bad first', async () => {
  let isOut = true;
  const refusing = () =>
    rawProvider((response) => refuse(response, 503, { 'retry-after': isOut ? '30' : '40' }));
  const primary = await refusing();
  const backup = await rawProvider((response) =>
    isOut ? refuse(response, 503, { 'retry-after': '300' }) : ok(response),
  );
  const gateway = await aiGateway([primary, backup]);

  expect((await chat(gateway, hello())).status).toBe(503);
  isOut = false;
  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ 'x-gateway-target': 'p1/gpt-4o-mini', 'x-gateway-attempts': '2' });
});
