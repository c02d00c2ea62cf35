import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TurnPassage } from '../../../src/context/memory/passages.ts';
import { snippetText } from '../../../src/context/memory/snippets.ts';
import type { Service } from '../../../src/demo/http-service.ts';
import { startModelService } from '../../../src/demo/model-service.ts';

let service: Service;
let openai: OpenAI;

beforeAll(async () => {
  service = await startModelService({ port: 0, name: 'm1', now: () => 1_764_000_000_000 });
  openai = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'demo', maxRetries: 0 });
});
beforeEach(() => service.faults.clear());
afterAll(() => service.close());

const user = (content: string) => ({ role: 'user' as const, content });
const assistant = (content: string) => ({ role: 'assistant' as const, content });
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Current weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } },
      required: ['city'],
    },
  },
};

async function ask(...messages: Array<ReturnType<typeof user> | ReturnType<typeof assistant>>) {
  const answer = await openai.chat.completions.create({ model: 'gpt-4o-mini', messages });
  return answer.choices[0]?.message.content;
}

describe('the rules of the sandbox model', () => {
  test('it greets, starts refunds and sums up what it has no rule for', async () => {
    expect(await ask(user('Hi there'))).toBe('Hello! How can I help you today?');
    expect(await ask(user('Hello, I want a refund for order 778123'))).toContain('refund for order 778123');
    expect(await ask(user('Do you sell bicycles to Norway'))).toContain('Do you sell bicycles to Norway');
  });

  test('it recalls a number only if the conversation still holds it', async () => {
    const question = user('What is my account number?');
    const told = [user('My account number is AC-20417.'), assistant('Noted.')];
    expect(await ask(...told, question)).toBe('Your account number is AC-20417.');
    expect(await ask(question)).toContain('have not told me');
  });

  test('what is recalled into a question was said before, whatever else is in it', async () => {
    const passages: TurnPassage[] = [
      'My name is Ada.',
      'My order number is OR-111.',
      'My invoice number is IN-2222.',
    ].map((text, at) => ({ version: at + 1, place: 0, speaker: 'user', text }));
    const asked = (question: string) => ask(user(question + snippetText(passages)));
    expect(await asked('Which invoice number did I give you?')).toBe('Your invoice number is IN-2222.');
    expect(await asked('What is my name?')).toBe('Your name is Ada.');
  });

  test('a summary holds the facts, and a later question finds them in it', async () => {
    const summary = await ask(
      user('My name is Dana, my account number is AC-20417, mail dana@example.com'),
      user('Summarize this conversation'),
    );
    expect(summary).toMatch(/AC-20417.*Dana.*dana@example\.com/s);
    expect(await ask(user(summary ?? ''), user('Which account number did I give you?'))).toContain(
      'AC-20417',
    );
  });
});

test('a completion carries what the SDK types promise', async () => {
  const answer = await openai.chat.completions.create({
    model: 'gpt-4o',
    seed: 7,
    messages: [user('Hello')],
  });
  expect(answer).toMatchObject({
    object: 'chat.completion',
    model: 'gpt-4o',
    seed: 7,
    created: 1_764_000_000,
    system_fingerprint: 'fp_m1',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant' } }],
    usage: {
      prompt_tokens: 4,
      completion_tokens: 7,
      total_tokens: 11,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  });
});

test('a long prompt counts as cached from 1024 tokens on', async () => {
  const { usage } = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'system', content: 'word '.repeat(1100) }, user('Hello')],
  });
  expect(usage?.prompt_tokens_details?.cached_tokens).toBe(1024);
});

test('a stream gives role, words, finish, usage in this order, and the same text as the whole answer', async () => {
  const messages = [user('I want my money back')];
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  expect(text).toBe(await ask(...messages));
  expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
  expect(chunks.length).toBe(text.split(' ').length + 3);
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: text.split(' ').length } });
  expect(chunks[1]?.usage).toBeNull();
});

test.each([
  'max_tokens',
  'max_completion_tokens',
])('%s cuts the answer with finish_reason length', async (key) => {
  const answer = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: [user('Hello')],
    [key]: 3,
  });
  expect(answer.choices[0]).toMatchObject({
    finish_reason: 'length',
    message: { content: 'Hello! How can' },
  });
  expect(answer.usage?.completion_tokens).toBe(3);
});

test('a tool that the question names is called, and its result answered with', async () => {
  const question = user('What is the weather in Lisbon, in fahrenheit?');
  const model = 'gpt-4o';
  const first = await openai.chat.completions.create({ model, messages: [question], tools: [weather] });
  const message = first.choices[0]?.message;
  const call = message?.tool_calls?.[0];
  if (!message || call?.type !== 'function') throw new Error('no function call');
  expect(first.choices[0]?.finish_reason).toBe('tool_calls');
  expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Lisbon', unit: 'fahrenheit' });

  const second = await openai.chat.completions.create({
    model,
    tools: [weather],
    messages: [question, message, { role: 'tool', tool_call_id: call.id, content: '68 degrees' }],
  });
  expect(second.choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: 'Here is what I found: 68 degrees' },
  });
});

test('tool_choice decides: none never calls, a name always does, streamed arguments join to JSON', async () => {
  const request = { model: 'gpt-4o', messages: [user('the weather in Oslo')], tools: [weather] };
  const none = await openai.chat.completions.create({ ...request, tool_choice: 'none' });
  expect(none.choices[0]?.message.tool_calls).toBeUndefined();

  const stream = openai.chat.completions.stream({
    ...request,
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
  });
  const final = await stream.finalChatCompletion();
  const call = final.choices[0]?.message.tool_calls?.[0];
  expect(final.choices[0]?.finish_reason).toBe('tool_calls');
  expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toMatchObject({ city: 'Oslo' });
});

test('a JSON response format gives JSON of the schema', async () => {
  const schema = {
    type: 'object',
    properties: { label: { enum: ['bug', 'refund'] }, urgent: { type: 'boolean' } },
  };
  const answer = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: [user('A refund, now')],
    response_format: { type: 'json_schema', json_schema: { name: 'ticket', schema } },
  });
  expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ label: 'refund', urgent: true });
});

test('embeddings are the same for the same text and nearer for like texts', async () => {
  const { data, usage } = await openai.embeddings.create({
    model: 'text-embedding-3-small',
    input: ['refund my order', 'refund the order', 'blue bicycle shop'],
    dimensions: 256,
  });
  const [a = [], b = [], c = []] = data.map(({ embedding }) => embedding);
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  expect(a.length).toBe(256);
  expect(dot(a, a)).toBeCloseTo(1, 4);
  expect(dot(a, b)).toBeGreaterThan(dot(a, c) + 0.3);
  expect(usage.prompt_tokens).toBe(9);
  const floats = {
    model: 'text-embedding-3-small',
    input: 'refund my order',
    encoding_format: 'float' as const,
  };
  const again = await openai.embeddings.create({ ...floats, dimensions: 256 });
  expect(dot(a, again.data[0]?.embedding ?? [])).toBeCloseTo(1, 4);
});

test('the models are listed', async () => {
  const { data } = await openai.models.list();
  expect(data.map(({ id }) => id)).toContain('gpt-4o-mini');
});

describe('errors raise the typed error of the SDK', () => {
  test('a wrong key', async () => {
    const stranger = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    const error = await stranger.models.list().then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' });
  });

  test('an unknown model', async () => {
    const asked = openai.chat.completions.create({ model: 'gpt-9', messages: [user('Hi')] });
    await expect(asked).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(asked).rejects.toMatchObject({ code: 'model_not_found' });
  });

  test('an empty conversation', async () => {
    const asked = openai.chat.completions.create({ model: 'gpt-4o', messages: [] });
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'messages' });
  });

  test('a body that is no JSON', async () => {
    const answer = await fetch(`${service.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer demo' },
      body: '{"model":',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: {
        message: expect.stringContaining('JSON'),
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });
});

test('a client that goes ends the generation, and is counted', async () => {
  const own = await startModelService({ port: 0, name: 'm2' });
  own.faults.set({ betweenTokensMs: 60_000 });
  const stream = await new OpenAI({ baseURL: `${own.url}/v1`, apiKey: 'demo' }).chat.completions.create({
    model: 'gpt-4o',
    messages: [user('Hello')],
    stream: true,
  });
  const stats = async () => (await fetch(`${own.url}/__sandbox/stats`)).json();
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  for (let tries = 0; tries < 100 && own.stats.active > 0; tries += 1) await sleep(10);
  expect(await stats()).toEqual({ requests: 1, aborted: 1, active: 0 });
  await own.close();
});
