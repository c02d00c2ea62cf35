// What a call cost is in the log and in the metrics, once, and the two agree.
import { calcPrice } from '@pydantic/genai-prices';
import { get_encoding } from 'tiktoken';
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  event,
  hello,
  lineOf,
  modelService,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  USAGE,
  word,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const usageOf = (input: number, output: number, cached?: number) => ({
  prompt_tokens: input,
  completion_tokens: output,
  ...(cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
});
const completion = (usage?: object) =>
  JSON.stringify({ choices: [{ message: { content: 'Hello there' }, finish_reason: 'stop' }], usage });
const answers = (body: string) =>
  rawProvider((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
const streams = (text: string) =>
  rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(text));

it.each([
  ['without cached tokens', usageOf(1_000, 200), 0],
  ['with cached tokens', usageOf(1_000, 200, 800), 800],
  ['with more cached tokens than tokens', usageOf(1_000, 200, 5_000), 1_000],
])('a reported usage costs what the price table says, %s', async (_what, usage, cached) => {
  const gateway = await aiGateway([await answers(completion(usage))]);

  const line = await lineOf(gateway, await chat(gateway, hello()));

  const price = calcPrice(
    { input_tokens: 1_000, output_tokens: 200, cache_read_tokens: cached },
    'gpt-4o-mini',
  );
  expect(line).toMatchObject({
    tokens_in: 1_000,
    tokens_out: 200,
    tokens_cached: cached,
    usage_source: 'reported',
  });
  expect(line.usd).toBeCloseTo(price?.total_price ?? -1, 9);
  const labels = { model: 'smart', provider: 'p0', consumer: 'app' };
  expect(await gateway.metric('gateway_ai_cost_usd_total', labels)).toBeCloseTo(Number(line.usd), 9);
  for (const [type, tokens] of [
    ['input', 1_000],
    ['output', 200],
  ] as const) {
    const which = { gen_ai_token_type: type, usage_source: 'reported', gen_ai_request_model: 'smart' };
    expect(await gateway.metric('gen_ai_client_token_usage_sum', which)).toBe(tokens);
    expect(await gateway.metric('gen_ai_client_token_usage_count', which)).toBe(1);
  }
});

it('how long a first token took is known of streams alone: what comes whole has none', async () => {
  const stream = `${ROLE}${word('Hi')}${STOP}${DONE}`;
  const provider = await rawProvider((response, { body }) => {
    const isStream = body.includes('"stream":true');
    response.writeHead(200, isStream ? STREAM_HEADERS : { 'content-type': 'application/json' });
    response.end(isStream ? stream : completion(usageOf(1, 1)));
  });
  const gateway = await aiGateway([provider]);

  const whole = await lineOf(gateway, await chat(gateway, hello()));
  const streamed = await lineOf(gateway, await chat(gateway, hello(true)));

  expect(whole).not.toHaveProperty('first_token_ms');
  expect(await gateway.metric('gen_ai_server_time_to_first_token_seconds_count')).toBe(1);
  expect(await gateway.metric('gen_ai_server_time_to_first_token_seconds_sum')).toBeCloseTo(
    Number(streamed.first_token_ms) / 1000,
    5,
  );
});

it('the config’s own price goes before the table’s', async () => {
  const prices = { 'p0/gpt-4o-mini': { input: 10, output: 100, cachedInput: 1 } };
  const gateway = await aiGateway([await answers(completion(usageOf(1_000, 10, 500)))], { prices });

  const line = await lineOf(gateway, await chat(gateway, hello()));

  expect(line.usd).toBeCloseTo((500 * 10 + 500 * 1 + 10 * 100) / 1e6, 9);
});

it('what a provider says that it charges goes before the table, and after the config', async () => {
  const usage = { ...usageOf(1_000, 10), cost: 0.5 };
  const provider = await rawProvider((response, { body }) =>
    body.includes('"stream":true')
      ? response
          .writeHead(200, STREAM_HEADERS)
          .end(`${ROLE}${word('Hi')}${STOP}${event({ choices: [], usage })}${DONE}`)
      : response.writeHead(200, { 'content-type': 'application/json' }).end(completion(usage)),
  );
  const gateway = await aiGateway([provider, provider], {
    prices: { 'p1/gpt-4o-mini': { input: 10, output: 100 } },
    models: { unlisted: { targets: [{ provider: 'p0', model: 'of-no-table' }] } },
  });
  const costOf = async (body: object) => (await lineOf(gateway, await chat(gateway, body))).usd;

  expect(await costOf(hello())).toBe(0.5);
  expect(await costOf(hello(true))).toBe(0.5);
  expect(await costOf({ ...hello(), model: 'unlisted' })).toBe(0.5);
  expect(await costOf({ ...hello(), model: 'backup-1' })).toBeCloseTo(0.011, 9);
});

it('a model without a price is counted, not guessed', async () => {
  const provider = await answers(completion(usageOf(1_000, 10)));
  const gateway = await aiGateway([provider], {
    models: { own: { targets: [{ provider: 'p0', model: 'house-model-7' }] } },
  });

  const line = await lineOf(gateway, await chat(gateway, { ...hello(), model: 'own' }));

  expect(line).toMatchObject({ tokens_in: 1_000, usage_source: 'reported' });
  expect(line).not.toHaveProperty('usd');
  expect(await gateway.metric('gateway_ai_unpriced_calls_total', { model: 'own', provider: 'p0' })).toBe(1);
  expect(await gateway.metric('gateway_ai_cost_usd_total')).toBe(0);
});

it.each([
  ['negative', usageOf(-5, 10)],
  ['beyond all measure', usageOf(1e300, 1e300)],
  ['a fraction', usageOf(0.5, 1)],
  ['a word', { prompt_tokens: '100', completion_tokens: 'many' }],
  ['something else', 'none'],
])('a usage that is %s is estimated instead', async (_what, usage) => {
  const gateway = await aiGateway([await answers(completion(usage as object))]);

  const line = await lineOf(gateway, await chat(gateway, hello()));

  expect(line).toMatchObject({ usage_source: 'estimated', tokens_in: 8, tokens_out: 2 });
  expect(await gateway.metric('gateway_ai_cost_usd_total')).toBeLessThan(0.001);
});

/** Says what a stream came to as OpenAI does: if it is asked, in an event of its own. */
const REASONED = event({
  choices: [],
  usage: {
    prompt_tokens: 100,
    completion_tokens: 5_000,
    completion_tokens_details: { reasoning_tokens: 4_990 },
  },
});
const openaiLike = () =>
  rawProvider((response, { body }) => {
    const { stream_options: options } = JSON.parse(body.toString());
    const bill = options?.include_usage === true ? REASONED : '';
    response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${word('Hi')}${STOP}${bill}${DONE}`);
  });

it('a stream is asked what it came to in its client’s place, who sees nothing of it', async () => {
  const provider = await openaiLike();
  const gateway = await aiGateway([provider], {
    models: { other: { targets: [{ provider: 'p0', model: 'gpt-5-mini' }] } },
  });
  const messages = '"messages":[{"role":"user","content":"Hi"}]';
  const ask = async (body: string) => {
    const answer = await chat(gateway, body);
    return { text: answer.body.toString(), line: await lineOf(gateway, answer) };
  };

  const silent = await ask(`{ "model" : "other", "stream":true, ${messages}, "seed": 1.0 }`);
  const told = await ask(
    `{"model":"other","stream":true,"stream_options":{"include_usage":true},${messages}}`,
  );
  const refused = await ask(
    `{"stream_options" : {"include_usage":false, "x":"}"} ,"model":"other","stream":true,${messages}}`,
  );
  const twice = await chat(
    gateway,
    `{"model":"other","stream":true,"stream_options":{},"stream_options":null,${messages}}`,
  );

  expect([silent.text, refused.text]).toEqual([`${ROLE}${word('Hi')}${STOP}${DONE}`, silent.text]);
  expect(told.text).toBe(`${ROLE}${word('Hi')}${STOP}${REASONED}${DONE}`);
  for (const { line } of [silent, told, refused])
    expect(line).toMatchObject({ tokens_in: 100, tokens_out: 5_000, usage_source: 'reported' });
  expect(provider.taken.map(({ body }) => body.toString())).toEqual([
    `{"stream_options":{"include_usage":true}, "model" : "gpt-5-mini", "stream":true, ${messages}, "seed": 1.0 }`,
    `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},${messages}}`,
    `{"stream_options" : {"include_usage":true,"x":"}"} ,"model":"gpt-5-mini","stream":true,${messages}}`,
  ]);
  expect(twice.status).toBe(400);
});

it('services that take no such question are not asked', async () => {
  const provider = await openaiLike();
  const at = { baseUrl: `${provider.url}/v1`, apiKey: 'k' };
  const gateway = await aiGateway([provider], {
    models: Object.fromEntries(
      ['quiet', 'old', 'asked'].map((name) => [
        name,
        { targets: [{ provider: name, model: 'gpt-4o-mini' }] },
      ]),
    ),
    ai: {
      providers: {
        quiet: { kind: 'databricks', ...at },
        old: { kind: 'openai', ...at, drop: ['stream_options'] },
        asked: { kind: 'together', ...at },
      },
    },
  });

  for (const model of ['quiet', 'old', 'asked']) await chat(gateway, { ...hello(true), model });

  const asked = provider.taken.map(({ body }) => body.includes('include_usage'));
  expect(asked).toEqual([false, false, true]);
});

it('a stream that says no usage though it is asked is estimated by the model’s own tokenizer', async () => {
  const said = 'The quick brown fox jumps over the lazy dog. 你好，世界 👋🏽';
  const calls = event({
    choices: [{ delta: { tool_calls: [{ function: { name: 'find', arguments: '{"a":1}' } }] } }],
  });
  const gateway = await aiGateway([await streams(`${ROLE}${word(said)}${calls}${STOP}${DONE}`)]);

  const line = await lineOf(gateway, await chat(gateway, hello(true)));

  const encoding = get_encoding('o200k_base');
  expect(line).toMatchObject({
    usage_source: 'estimated',
    tokens_in: 3 + encoding.encode_ordinary('user').length + encoding.encode_ordinary('Hello').length + 3,
    tokens_out: encoding.encode_ordinary(`${said}find{"a":1}`).length,
    tokens_cached: 0,
    finish_reason: 'tool_calls',
  });
  encoding.free();
  expect(line.usd).toBeCloseTo((Number(line.tokens_in) * 0.15 + Number(line.tokens_out) * 0.6) / 1e6, 9);
  expect(await gateway.metric('gen_ai_client_token_usage_count', { usage_source: 'estimated' })).toBe(2);
});

it('pictures and files that nobody counted are in the estimate, and in what the budget keeps', async () => {
  const picture = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } };
  const file = { type: 'file', file: { file_data: `data:application/pdf;base64,${'A'.repeat(40_000)}` } };
  const content = [{ type: 'text', text: 'hi' }, picture, picture, file];
  const provider = await streams(`${ROLE}${word('Hello')}${STOP}${DONE}`);
  // Of this model each picture is held at up to 48,169.
  const gateway = await aiGateway([provider], {
    ai: { budgets: [{ name: 'tokens', scope: 'consumer', tokens: 200_000, per: '1d' }] },
  });

  const ask = { ...hello(true), messages: [{ role: 'user', content }] };
  const line = await lineOf(gateway, await chat(gateway, ask));

  expect(line.usage_source).toBe('estimated');
  expect(line.tokens_in).toBeGreaterThan(2 * 1600 + 1500);
  expect(line.tokens_in).toBeLessThan(2 * 1600 + 1550);
  const all = Number(line.tokens_in) + Number(line.tokens_out);
  await eventually(async () => (await gateway.metric('gateway_budget_used_ratio')) === all / 200_000);
});

it.each([
  false,
  true,
])('noughts of a server that has not counted are no figures (stream: %s)', async (stream) => {
  const none = usageOf(0, 0);
  const provider = stream
    ? await streams(`${ROLE}${word('Hello there')}${STOP}${event({ choices: [], usage: none })}${DONE}`)
    : await answers(completion(none));
  const gateway = await aiGateway([provider]);

  const line = await lineOf(gateway, await chat(gateway, hello(stream)));

  expect(line).toMatchObject({ usage_source: 'estimated', tokens_out: 2 });
  expect(line.usd).toBeGreaterThan(0);
});

it('of a stream that breaks before it says what it put out, the input is what it said', async () => {
  const provider = await rawProvider((response) => {
    const candidates = [{ content: { parts: [{ text: 'Hello there' }] } }];
    response
      .writeHead(200, STREAM_HEADERS)
      .write(event({ candidates, usageMetadata: { promptTokenCount: 123 } }));
    setImmediate(() => response.destroy());
  });
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: provider.url }]);

  const line = await lineOf(gateway, await chat(gateway, hello(true)));

  expect(line).toMatchObject({
    usage_source: 'estimated',
    tokens_in: 123,
    tokens_out: 2,
    outcome: 'truncated',
  });
});

it('a long answer is estimated in its whole length', async () => {
  const words = 8_000;
  const stream = `${ROLE}${word(' The quick brown fox jumps over the lazy dog, every day').repeat(words)}${STOP}${DONE}`;
  const gateway = await aiGateway([await streams(stream)]);

  const line = await lineOf(gateway, await chat(gateway, hello(true)));

  expect(Number(line.tokens_out) / words).toBeGreaterThan(11.5);
  expect(Number(line.tokens_out) / words).toBeLessThan(12.5);
});

it('usage that comes with every event counts once, as it was last', async () => {
  const running = (n: number) => event({ choices: [{ delta: { content: 'a' } }], usage: usageOf(100, n) });
  const gateway = await aiGateway([await streams(`${ROLE}${running(1)}${running(2)}${STOP}${USAGE}${DONE}`)]);

  const line = await lineOf(gateway, await chat(gateway, hello(true)));

  expect(line).toMatchObject({ tokens_in: 100, tokens_out: 20, usage_source: 'reported' });
  expect(await gateway.metric('gen_ai_client_token_usage_sum', { gen_ai_token_type: 'output' })).toBe(20);
});

it.each([
  false,
  true,
])('an answer that was of no use is on the bill with the one that came after it (stream: %s)', async (stream) => {
  const broken = {
    candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }],
    usageMetadata: { promptTokenCount: 300, candidatesTokenCount: 50 },
  };
  const first = await rawProvider((response) =>
    stream
      ? response.writeHead(200, STREAM_HEADERS).end(event(broken))
      : response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(broken)),
  );
  const second = await modelService();
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: first.url }, second], {
    prices: { 'p0/gpt-4o-mini': { input: 1000, output: 1000 }, 'p1/gpt-4o-mini': { input: 0, output: 0 } },
  });

  const line = await lineOf(gateway, await chat(gateway, hello(stream)));

  expect(line).toMatchObject({
    fallback: 'backup-1',
    tokens_in: 304,
    tokens_out: 57,
    usage_source: 'reported',
  });
  expect(line.usd).toBeCloseTo(0.35, 9);
  const report = await fetch(`${gateway.adminUrl}/api/usage?by=provider`);
  const { items, total } = (await report.json()) as { items: object[]; total: object };
  // Each provider's invoice has its own.
  expect(items).toMatchObject([
    { by: { provider: 'p0' }, calls: 0, input: 300, output: 50, usd: 0.35 },
    { by: { provider: 'p1' }, calls: 1, input: 4, output: 7, usd: 0 },
  ]);
  expect(total).toMatchObject({ calls: 1, input: 304 });
});

it.each([
  { service_tier: 'constructor' },
  { service_tier: '__proto__' },
  { reasoning_effort: 'constructor' },
])('a word that a client makes up changes nothing of the cost: %j', async (made) => {
  const gateway = await aiGateway([await answers(completion(usageOf(1_000, 200)))], {
    consumer: { budget: { usd: 1, tokens: 100_000, per: '1d' } },
  });

  const answer = await chat(gateway, { ...hello(), ...made });

  expect(answer.status).toBe(200);
  expect((await lineOf(gateway, answer)).usd).toBeCloseTo((1_000 * 0.15 + 200 * 0.6) / 1e6, 9);
});

it('a call that failed costs nothing', async () => {
  const service = await modelService();
  service.faults.set({ reset: true });
  const gateway = await aiGateway([service, service]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(502);
  const line = await lineOf(gateway, answer);
  for (const field of ['usd', 'tokens_in', 'tokens_out', 'usage_source', 'first_token_ms'])
    expect(line).not.toHaveProperty(field);
  for (const name of [
    'gateway_ai_cost_usd_total',
    'gateway_ai_unpriced_calls_total',
    'gen_ai_client_token_usage_count',
  ])
    expect(await gateway.metric(name)).toBe(0);
});

it('names that nobody configured make no series, however many are tried', async () => {
  const gateway = await aiGateway([await modelService()]);
  const series = async () =>
    (await (await fetch(`${gateway.adminUrl}/metrics`)).text())
      .split('\n')
      .filter((line) => !line.startsWith('#')).length;
  const headers = { authorization: 'Bearer key-of-the-application', 'content-type': 'application/json' };
  const ask = (model: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...hello(), model }),
    }).then((response) => response.text());
  await ask('unknown');
  const before = await series();

  for (let i = 0; i < 100; i++)
    await Promise.all(Array.from({ length: 50 }, (_, j) => ask(`model-${i}-${j}`)));

  expect(await series()).toBe(before);
  expect(await gateway.metric('gateway_requests_total', { reason: 'model_unknown' })).toBe(5_001);
});
