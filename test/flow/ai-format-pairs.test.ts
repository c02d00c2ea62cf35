// An application speaks its own format to a provider that speaks another: the stock SDKs must not notice.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { aiGateway, anthropicSdk, asAnthropic, CLIENT_KEY, modelService, sdk } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const HELLO = 'Hello! How can I help you today?';
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const models = (kind: 'openai' | 'anthropic') => ({
  smart: { targets: [{ provider: 'p0', model: kind === 'openai' ? 'gpt-4o-mini' : 'claude-haiku-4-5' }] },
});

async function setUp(kind: 'openai' | 'anthropic') {
  const service = await modelService();
  const gateway = await aiGateway([kind === 'openai' ? service : asAnthropic(service)], {
    models: models(kind),
  });
  return { service, gateway, openai: sdk(gateway), anthropic: anthropicSdk(gateway) };
}

const billed = { usage_source: 'reported', tokens_in: 4, tokens_out: 7, finish_reason: 'stop', reason: 'ok' };

describe.each(['openai', 'anthropic'] as const)('the SDK of OpenAI, before a provider of kind %s', (kind) => {
  const user = (content: string) => ({ role: 'user' as const, content });
  const weather = { type: 'function' as const, function: { name: 'get_weather', parameters: schema } };

  it('completes a chat, whole and as a stream', async () => {
    const { gateway, openai } = await setUp(kind);
    const asked = { model: 'smart', messages: [user('Hello')] };

    const whole = await openai.chat.completions.create(asked);
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const stream = await openai.chat.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) chunks.push(chunk);

    expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: HELLO } });
    expect(whole.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 7, total_tokens: 11 });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(HELLO);
    expect(chunks.length).toBeGreaterThan(7);
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 7 });
    await gateway.accessLine(({ stream: isStream }) => isStream === true);
    const lines = gateway.lines.filter(({ msg }) => msg === 'request');
    expect(lines).toMatchObject([billed, billed]);
  });

  it('carries a tool call there and its result back, whole and in streamed arguments', async () => {
    const { openai } = await setUp(kind);
    const question = user('What is the weather in Lisbon?');
    const asked = { model: 'smart', messages: [question], tools: [weather] };

    const whole = await openai.chat.completions.create(asked);
    const streamed = await openai.chat.completions.stream(asked).finalChatCompletion();
    const message = whole.choices[0]?.message;
    const call = message?.tool_calls?.[0];
    if (!message || call?.type !== 'function') throw new Error('no call');
    const answer = await openai.chat.completions.create({
      ...asked,
      messages: [question, message, { role: 'tool', tool_call_id: call.id, content: '21 degrees' }],
    });

    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Lisbon' });
    const again = streamed.choices[0]?.message.tool_calls?.[0];
    expect(again?.type === 'function' && JSON.parse(again.function.arguments)).toEqual({ city: 'Lisbon' });
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
    expect(answer.choices[0]?.message.content).toContain('21 degrees');
  });

  it('raises the errors of its own classes', async () => {
    const { service, openai } = await setUp(kind);
    const ask = () => openai.chat.completions.create({ model: 'smart', messages: [user('Hello')] });

    service.faults.set({ status: { value: 429, retryAfter: 7 } });
    const limited = await ask().catch((reason: unknown) => reason);
    service.faults.set({ truncate: 3 });
    const stream = await openai.chat.completions.create({
      model: 'smart',
      messages: [user('Hello')],
      stream: true,
    });
    const broken = await (async () => {
      for await (const _ of stream);
    })().catch((reason: unknown) => reason);

    expect(limited).toBeInstanceOf(OpenAI.RateLimitError);
    expect((limited as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toBe('7');
    expect(broken).toBeInstanceOf(OpenAI.APIError);
    expect(broken).toMatchObject({ code: 'upstream_truncated' });
  });

  it('aborts, and the provider stops', async () => {
    const { service, gateway, openai } = await setUp(kind);
    service.faults.set({ betweenTokensMs: 60_000 });
    const stream = await openai.chat.completions.create({
      model: 'smart',
      messages: [user('Hello')],
      stream: true,
    });

    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stream.controller.abort();

    await eventually(() => service.stats.aborted === 1);
    await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  });
});

describe.each([
  'openai',
  'anthropic',
] as const)('the SDK of Anthropic, before a provider of kind %s', (kind) => {
  const asked = { model: 'smart', max_tokens: 100 };
  const user = (content: string) => ({ role: 'user' as const, content });
  const weather = { name: 'get_weather', input_schema: schema as Anthropic.Tool.InputSchema };

  it('completes a conversation, whole and as a stream', async () => {
    const { gateway, anthropic } = await setUp(kind);

    const whole = await anthropic.messages.create({ ...asked, messages: [user('Hello')] });
    const stream = anthropic.messages.stream({ ...asked, messages: [user('Hello')] });
    const pieces: string[] = [];
    stream.on('text', (piece) => pieces.push(piece));
    const streamed = await stream.finalMessage();

    for (const message of [whole, streamed]) {
      expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' });
      expect(message.content).toMatchObject([{ type: 'text', text: HELLO }]);
      expect(message.usage).toMatchObject({ input_tokens: 4, output_tokens: 7 });
    }
    expect(pieces.length).toBe(7);
    await gateway.accessLine(({ stream: isStream }) => isStream === true);
    const lines = gateway.lines.filter(({ msg }) => msg === 'request');
    expect(lines).toMatchObject([billed, billed]);
  });

  it('carries a tool call there and its result back, whole and in streamed arguments', async () => {
    const { anthropic } = await setUp(kind);
    const question = user('What is the weather in Lisbon?');
    const tools = [weather];

    const whole = await anthropic.messages.create({ ...asked, tools, messages: [question] });
    const streamed = await anthropic.messages
      .stream({ ...asked, tools, messages: [question] })
      .finalMessage();
    const call = whole.content.find((block) => block.type === 'tool_use');
    if (!call) throw new Error('no call');
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: '21 degrees' };
    const answer = await anthropic.messages.create({
      ...asked,
      tools,
      messages: [
        question,
        { role: 'assistant', content: whole.content },
        { role: 'user', content: [result] },
      ],
    });

    for (const message of [whole, streamed]) {
      expect(message.stop_reason).toBe('tool_use');
      expect(message.content).toMatchObject([
        { type: 'tool_use', name: 'get_weather', input: { city: 'Lisbon' } },
      ]);
    }
    expect(answer.content).toMatchObject([{ type: 'text', text: expect.stringContaining('21 degrees') }]);
  });

  it('raises the errors of its own classes', async () => {
    const { service, gateway, anthropic } = await setUp(kind);
    const ask = (client = anthropic, model = 'smart') =>
      client.messages
        .create({ ...asked, model, messages: [user('Hello')] })
        .catch((reason: unknown) => reason);

    const wrong = await ask(anthropicSdk(gateway, 'key-of-nobody'));
    const unknown = await ask(anthropic, 'claude-9');
    service.faults.set({ status: { value: 429, retryAfter: 7 } });
    const limited = await ask();
    service.faults.set({ truncate: 3 });
    const broken = await anthropic.messages
      .stream({ ...asked, messages: [user('Hello')] })
      .finalMessage()
      .catch((reason: unknown) => reason);

    expect(wrong).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(wrong).toMatchObject({ error: { error: { code: 'auth_key_unknown' } } });
    expect((wrong as InstanceType<typeof Anthropic.APIError>).requestID).toMatch(/\w/);
    expect(unknown).toBeInstanceOf(Anthropic.NotFoundError);
    expect(unknown).toMatchObject({ error: { error: { type: 'not_found_error', code: 'model_unknown' } } });
    expect(limited).toBeInstanceOf(Anthropic.RateLimitError);
    expect((limited as InstanceType<typeof Anthropic.RateLimitError>).headers?.get('retry-after')).toBe('7');
    expect(broken).toBeInstanceOf(Anthropic.APIError);
    expect(JSON.stringify(broken)).toContain('upstream_truncated');
  });

  it('aborts, and the provider stops', async () => {
    const { service, gateway, anthropic } = await setUp(kind);
    service.faults.set({ betweenTokensMs: 60_000 });
    const stream = anthropic.messages.stream({ ...asked, messages: [user('Hello')] });
    stream.on('text', () => stream.abort());

    await stream.done().catch(() => undefined);

    await eventually(() => service.stats.aborted === 1);
    await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
    expect(JSON.stringify(gateway.lines)).not.toContain(CLIENT_KEY);
  });
});
