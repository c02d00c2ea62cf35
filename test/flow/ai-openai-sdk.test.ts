// The official SDK of OpenAI, pointed at the gateway, must not notice that it isn't OpenAI.
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import { aiGateway, CLIENT_KEY, modelService, sdk } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const user = (content: string) => ({ role: 'user' as const, content });
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

async function setUp() {
  const service = await modelService();
  const gateway = await aiGateway([service]);
  return { service, gateway, openai: sdk(gateway) };
}

it('lists the models that may be asked for, and retrieves one', async () => {
  const { openai } = await setUp();

  const { data } = await openai.models.list();
  const one = await openai.models.retrieve('smart');

  expect(data.map(({ id }) => id)).toEqual(['smart']);
  expect(one).toMatchObject({ id: 'smart', object: 'model' });
  await expect(openai.models.retrieve('gpt-9')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

it('completes a chat', async () => {
  const { gateway, openai } = await setUp();

  const { data, response, request_id } = await openai.chat.completions
    .create({ model: 'smart', messages: [user('Hello')] })
    .withResponse();

  expect(data.choices[0]?.message.content).toBe('Hello! How can I help you today?');
  expect(response.headers.get('x-gateway-target')).toBe('p0/gpt-4o-mini');
  expect(response.headers.get('x-gateway-attempts')).toBe('1');
  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({
    request_id,
    consumer: 'app',
    model: 'smart',
    provider: 'p0',
    upstream_model: 'gpt-4o-mini',
    reason: 'ok',
    finish_reason: 'stop',
    usage_source: 'reported',
  });
});

it('streams, by for-await and by the stream helper, with usage where it is asked for', async () => {
  const { gateway, openai } = await setUp();
  const asked = { model: 'smart', messages: [user('Hello')], stream: true as const };

  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of await openai.chat.completions.create({
    ...asked,
    stream_options: { include_usage: true },
  }))
    chunks.push(chunk);
  const final = await openai.chat.completions.stream(asked).finalChatCompletion();

  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  expect(text).toBe('Hello! How can I help you today?');
  expect(final.choices[0]?.message.content).toBe(text);
  expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 7 });
  // The bill is the provider's also where its client did not ask for it.
  await eventually(
    () => gateway.lines.filter(({ usage_source: source }) => source === 'reported').length === 2,
  );
});

it('carries a tool call there and its result back, whole and in streamed arguments', async () => {
  const { openai } = await setUp();
  const question = user('What is the weather in Lisbon?');

  const whole = await openai.chat.completions.create({
    model: 'smart',
    messages: [question],
    tools: [weather],
  });
  const streamed = await openai.chat.completions
    .stream({ model: 'smart', messages: [question], tools: [weather] })
    .finalChatCompletion();
  const message = whole.choices[0]?.message;
  const call = message?.tool_calls?.[0];
  if (!message || call?.type !== 'function') throw new Error('no call');
  const answer = await openai.chat.completions.create({
    model: 'smart',
    tools: [weather],
    messages: [question, message, { role: 'tool', tool_call_id: call.id, content: '21 degrees' }],
  });

  expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Lisbon' });
  const again = streamed.choices[0]?.message.tool_calls?.[0];
  expect(again?.type === 'function' && again.function.arguments).toBe(call.function.arguments);
  expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
  expect(answer.choices[0]?.message.content).toContain('21 degrees');
});

it('raises the errors of its own classes', async () => {
  const { service, gateway, openai } = await setUp();
  const ask = (client: OpenAI, model = 'smart', messages = [user('Hi')]) =>
    client.chat.completions.create({ model, messages }).then(
      () => undefined,
      (error: unknown) => error,
    );

  const wrong = await ask(sdk(gateway, 'key-of-nobody'));
  const missing = await ask(
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', defaultHeaders: { authorization: null } }),
  );
  const unknown = await ask(openai, 'gpt-9');
  const refused = await ask(openai, 'smart', []);
  service.faults.set({ status: 500 });
  const broken = await ask(openai);

  expect(wrong).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(wrong).toMatchObject({ status: 401, code: 'auth_key_unknown', type: 'authentication_error' });
  expect(missing).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(missing).toMatchObject({ code: 'auth_key_missing' });
  expect(unknown).toBeInstanceOf(OpenAI.NotFoundError);
  expect(unknown).toMatchObject({ code: 'model_unknown', param: 'model' });
  expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
  expect(refused, 'the provider’s own words').toMatchObject({ code: 'invalid_value', param: 'messages' });
  expect(broken).toBeInstanceOf(OpenAI.InternalServerError);
  expect(JSON.stringify([wrong, gateway.lines])).not.toContain('key-of');
});

it('raises RateLimitError with the time to wait when the application has asked too often', async () => {
  const service = await modelService();
  const gateway = await aiGateway([service], { policies: [{ 'rate-limit': { limit: 1, window: '1m' } }] });
  const ask = () => sdk(gateway).chat.completions.create({ model: 'smart', messages: [user('Hello')] });
  await ask();

  const error = (await ask().catch((reason: unknown) => reason)) as InstanceType<
    typeof OpenAI.RateLimitError
  >;

  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect(error).toMatchObject({ code: 'rate_limited', type: 'rate_limit_error' });
  expect(Number(error.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(service.stats.requests).toBe(1);
});

it('hands on the provider’s own rate limit with its Retry-After', async () => {
  const { service, openai } = await setUp();
  service.faults.set({ status: { value: 429, retryAfter: 7 } });

  const error = (await openai.chat.completions
    .create({ model: 'smart', messages: [user('Hello')] })
    .catch((reason: unknown) => reason)) as InstanceType<typeof OpenAI.RateLimitError>;

  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect(error.headers.get('retry-after')).toBe('7');
  expect(error.code).toBe('rate_limit_exceeded');
});

it('aborts with an AbortController, and the provider stops', async () => {
  const { service, gateway, openai } = await setUp();
  service.faults.set({ betweenTokensMs: 60_000 });
  const stream = await openai.chat.completions.create({
    model: 'smart',
    messages: [user('Hello')],
    stream: true,
  });

  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stream.controller.abort();

  await eventually(() => service.stats.aborted === 1);
  const line = await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  expect(line.usage_source).toBe('estimated');
  expect(JSON.stringify(gateway.lines)).not.toContain(CLIENT_KEY);
});
