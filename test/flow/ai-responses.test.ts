// The newer API of OpenAI's SDK: byte for byte before a provider that speaks it, translated before one that doesn't.
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  errorOf,
  modelService,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';

const HELLO = 'Hello! How can I help you today?';
const CLAUDE = { smart: { targets: [{ provider: 'p0', model: 'claude-haiku-4-5' }] } };
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { type: 'function' as const, name: 'get_weather', parameters: schema, strict: null };

async function beforeAnthropic() {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)], { models: CLAUDE });
  return { service, gateway, openai: sdk(gateway) };
}

it('answers, whole and as a stream, with tokens in the record', async () => {
  const { gateway, openai } = await beforeAnthropic();
  const asked = { model: 'smart', instructions: 'Be kind.', input: 'Hello' };

  const whole = await openai.responses.create(asked);
  const stream = openai.responses.stream(asked);
  const types: string[] = [];
  const numbers: number[] = [];
  for await (const event of stream) {
    types.push(event.type);
    numbers.push((event as { sequence_number: number }).sequence_number);
  }
  const streamed = await stream.finalResponse();

  for (const response of [whole, streamed]) {
    expect(response).toMatchObject({ object: 'response', status: 'completed' });
    expect(response.output_text).toBe(HELLO);
    expect(response.usage).toMatchObject({ input_tokens: 9, output_tokens: 7, total_tokens: 16 });
  }
  expect(types.filter((type) => type === 'response.output_text.delta')).toHaveLength(7);
  expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed']);
  expect(numbers).toEqual(numbers.map((_, i) => i));
  const line = await gateway.accessLine(({ stream: isStream }) => isStream === true);
  expect(line).toMatchObject({
    tokens_in: 9,
    tokens_out: 7,
    usage_source: 'reported',
    finish_reason: 'stop',
  });
});

it('carries a tool call there and its result back, whole and in streamed arguments', async () => {
  const { openai } = await beforeAnthropic();
  const question = { role: 'user' as const, content: 'What is the weather in Lisbon?' };
  const asked = { model: 'smart', tools: [weather], input: [question] };

  const whole = await openai.responses.create(asked);
  const streamed = await openai.responses.stream(asked).finalResponse();
  const call = whole.output.find((item) => item.type === 'function_call');
  if (!call) throw new Error('no call');
  const result = { type: 'function_call_output' as const, call_id: call.call_id, output: '21 degrees' };
  const answer = await openai.responses.create({ ...asked, input: [question, call, result] });

  expect(JSON.parse(call.arguments)).toEqual({ city: 'Lisbon' });
  expect(streamed.output).toMatchObject([
    { type: 'function_call', name: 'get_weather', status: 'completed' },
  ]);
  expect(answer.output_text).toContain('21 degrees');
});

it('gives structured output, and says when a limit cut the answer', async () => {
  const { openai } = await beforeAnthropic();
  const format = { type: 'json_schema' as const, name: 'place', schema };

  const place = await openai.responses.create({
    model: 'smart',
    input: 'What city is Lisbon',
    text: { format },
  });
  const cut = await openai.responses.create({ model: 'smart', input: 'Hello', max_output_tokens: 2 });

  expect(JSON.parse(place.output_text)).toEqual({ city: 'Lisbon' });
  expect(cut).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output_text: 'Hello! How',
  });
});

it('raises the errors of the SDK’s own classes, before a stream and in it', async () => {
  const { service, openai } = await beforeAnthropic();
  const asked = { model: 'smart', input: 'Hello' };

  service.faults.set({ status: { value: 429, retryAfter: 7 } });
  const limited = await openai.responses.create(asked).catch((reason: unknown) => reason);
  service.faults.set({ truncate: 4 });
  const broken = await openai.responses
    .stream(asked)
    .finalResponse()
    .catch((reason: unknown) => reason);

  expect(limited).toBeInstanceOf(OpenAI.RateLimitError);
  expect(broken).toBeInstanceOf(OpenAI.APIError);
  expect(broken).toMatchObject({ code: 'upstream_truncated' });
});

it.each([
  ['previous_response_id', 'resp_1'],
  ['conversation', 'conv_1'],
  ['background', true],
])('%s is refused, whoever would answer: nobody here remembers', async (field, value) => {
  const service = await modelService();
  const gateway = await aiGateway([service]);

  const answer = await chat(gateway, { model: 'smart', input: 'Hi', [field]: value }, {}, '/v1/responses');

  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ code: 'field_not_supported', param: field });
  expect(service.stats.requests).toBe(0);
});

it('tools that OpenAI runs itself can’t be carried elsewhere', async () => {
  const { gateway } = await beforeAnthropic();
  const asked = { model: 'smart', input: 'Hi', tools: [{ type: 'web_search' }] };

  const answer = await chat(gateway, asked, {}, '/v1/responses');

  expect(errorOf(answer)).toMatchObject({ code: 'field_not_supported', param: 'tools[0]' });
});

it('before a provider that speaks it, the bytes pass as they came, and are read for the record', async () => {
  const bytes = readFileSync(new URL('../fixtures/providers/openai-responses-tools.sse', import.meta.url));
  const provider = await rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(bytes));
  const gateway = await aiGateway([provider]);
  const asked = '{"input":"Hi",  "model":"smart","stream":true,"field_of_tomorrow":{"a":1}}';

  const answer = await chat(gateway, asked, {}, '/v1/responses');

  expect(answer.body.equals(bytes)).toBe(true);
  expect(provider.taken[0]?.body.toString()).toBe(asked.replace('smart', 'gpt-4o-mini'));
  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({
    tokens_in: 1400,
    tokens_cached: 1280,
    tokens_out: 88,
    finish_reason: 'tool_calls',
    usage_source: 'reported',
    reason: 'ok',
  });
});
