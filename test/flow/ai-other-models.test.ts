// What a provider's other models do for an answer (make pictures as a tool, advise, stand in) is billed at their own prices, and held for.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import {
  type AiConfig,
  aiGateway,
  chat,
  errorOf,
  event,
  lineOf,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';

const PRICES = {
  'p0/gpt-4o-mini': { input: 1, output: 2 },
  'p0/gpt-image-1.5': { input: 5, output: 10, imageInput: 8, imageOutput: 32 },
  'p0/claude-opus': { input: 10, output: 50 },
};
const TARGETS = ['gpt-image-1.5', 'claude-opus'].map((model) => [
  model,
  { targets: [{ provider: 'p0', model }] },
]);

const json = { 'content-type': 'application/json' };
const painted = {
  ...{ input_tokens: 50, input_tokens_details: { image_tokens: 40, text_tokens: 10 } },
  ...{ output_tokens: 6_250, output_tokens_details: { image_tokens: 6_240, text_tokens: 10 } },
};
const USD_PAINTED = (10 * 5 + 40 * 8 + 10 * 10 + 6_240 * 32) / 1e6;
const RESPONSE = {
  ...{ id: 'r', object: 'response', status: 'completed' },
  tools: [{ type: 'image_generation', model: 'gpt-image-1.5', quality: 'high' }],
  output: [{ type: 'image_generation_call', id: 'ig', status: 'completed', result: 'iVBO', quality: 'low' }],
  usage: { input_tokens: 100, output_tokens: 20 },
  tool_usage: { image_gen: painted, web_search: { num_requests: 0 } },
};
const USD_ASKED = (100 + 20 * 2) / 1e6;

type Answer = (response: ServerResponse, isStream: boolean) => void;

const respond =
  (answer: object): Answer =>
  (response, isStream) => {
    if (!isStream) return void response.writeHead(200, json).end(JSON.stringify(answer));
    const created = event({ type: 'response.created', response: { id: 'r', model: 'gpt-4o-mini' } });
    response
      .writeHead(200, STREAM_HEADERS)
      .end(created + event({ type: 'response.completed', response: answer }));
  };

const message =
  (usage: object): Answer =>
  (response, isStream) => {
    const content = [{ type: 'text', text: 'Hello' }];
    const whole = { type: 'message', role: 'assistant', content, stop_reason: 'end_turn', usage };
    if (!isStream) return void response.writeHead(200, json).end(JSON.stringify(whole));
    response
      .writeHead(200, STREAM_HEADERS)
      .end(
        event({ type: 'message_start', message: { usage: { input_tokens: 412, output_tokens: 1 } } }) +
          event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
          event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } }) +
          event({ type: 'content_block_stop', index: 0 }) +
          event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage }) +
          event({ type: 'message_stop' }),
      );
  };

async function setUp(kind: 'openai' | 'anthropic', answer: Answer, budget?: object, more: AiConfig = {}) {
  const provider = await rawProvider((response, { body }) =>
    answer(response, String(body).includes('"stream":true')),
  );
  const baseUrl = kind === 'openai' ? `${provider.url}/v1` : provider.url;
  const gateway = await aiGateway([{ kind, baseUrl, passthrough: true } as never], {
    models: Object.fromEntries(TARGETS),
    prices: PRICES,
    ...more,
    ai: budget ? { budgets: [{ name: 'b', per: '1d', scope: 'consumer', ...budget }] } : {},
  });
  const ask = (body: object, path = kind === 'openai' ? '/v1/responses' : '/v1/messages') =>
    chat(
      gateway,
      {
        model: path.includes('/p0/') ? 'gpt-4o-mini' : 'smart',
        ...(kind === 'openai'
          ? { input: 'Draw a red kite.', max_output_tokens: 100 }
          : { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }),
        ...body,
      },
      {},
      path,
    );
  return { gateway, provider, ask };
}

const tool = { type: 'image_generation', model: 'gpt-image-1.5', size: '1024x1024', quality: 'high' };

it.each([
  ['whole', '/v1/responses', false],
  ['streamed', '/v1/responses', true],
  ['whole, in the provider’s own words', '/v1/providers/p0/responses', false],
  ['streamed, in the provider’s own words', '/v1/providers/p0/responses', true],
])('a picture that a tool makes costs what its model does: %s', async (_how, path, stream) => {
  const { gateway, ask } = await setUp('openai', respond(RESPONSE));

  const line = await lineOf(gateway, await ask({ tools: [tool], stream }, path));

  expect(line.usd).toBeCloseTo(USD_ASKED + USD_PAINTED, 9);
  expect(line).toMatchObject({ tokens_in: 150, tokens_out: 6_270, usage_source: 'reported' });
});

it('a response that does not repeat the model was made with the one that its request names', async () => {
  const { gateway, ask } = await setUp('openai', respond({ ...RESPONSE, tools: [] }));
  const line = await lineOf(gateway, await ask({ tools: [tool] }));
  expect(line.usd).toBeCloseTo(USD_ASKED + USD_PAINTED, 9);
});

it('nobody knows what it costs if its model has no price: what the one that was asked does is still owed', async () => {
  const answer = { ...RESPONSE, tools: [{ type: 'image_generation', model: 'gpt-image-99' }] };
  const { gateway, ask } = await setUp('openai', respond(answer), { usd: 1 });

  const given = await ask({});

  expect(await lineOf(gateway, given)).not.toHaveProperty('usd');
  const rest = async () => errorOf(await ask({ max_output_tokens: 500_000 })).message;
  await expect.poll(rest, { timeout: 20_000 }).toContain('0.99986 USD remain');
});

it('a picture that nothing is said of counts as what such a one is known to come to', async () => {
  const { gateway, ask } = await setUp('openai', respond({ ...RESPONSE, tool_usage: undefined }));
  const line = await lineOf(gateway, await ask({ tools: [tool] }));
  expect(line.usd).toBeCloseTo(USD_ASKED + (408 * 32) / 1e6, 9);
});

it('a picture is held for as dear as it may be, at the price of who makes it', async () => {
  const { provider, ask } = await setUp('openai', respond(RESPONSE), { usd: 0.2 });

  expect((await ask({ tools: [tool] })).status).toBe(429);
  expect((await ask({ tools: [{ ...tool, quality: 'low' }], max_tool_calls: 40 })).status).toBe(429);
  expect(errorOf(await ask({ tools: [{ ...tool, model: 'gpt-image-99' }] }))).toMatchObject({
    code: 'budget_unpriced',
  });
  expect(provider.taken).toHaveLength(0);

  expect((await ask({ tools: [{ ...tool, quality: 'low' }] })).status).toBe(200);
});

it('a tool that names no model is held for, and costs, what OpenAI’s usual one does', async () => {
  const answer = { ...RESPONSE, tools: [{ type: 'image_generation' }] };
  const { gateway, ask } = await setUp('openai', respond(answer), { usd: 0.4 });

  const line = await lineOf(gateway, await ask({ tools: [{ type: 'image_generation' }] }));

  expect(line.usd).toBeCloseTo(USD_ASKED + (10 * 5 + 40 * 8 + 6_250 * 30) / 1e6, 9);
  expect((await ask({ tools: [{ type: 'image_generation' }] })).status).toBe(429);
});

/** An event that is too long to be read, and says all. */
const TOO_LONG = { ...RESPONSE, output: [{ ...RESPONSE.output[0], result: 'A'.repeat(9 * 1024 * 1024) }] };

it.each([
  ['streamed', '/v1/responses', respond(TOO_LONG), true],
  ['streamed, in the provider’s own words', '/v1/providers/p0/responses', respond(TOO_LONG), true],
  [
    'in nobody’s form',
    '/v1/providers/p0/responses',
    (response: ServerResponse) => response.writeHead(200, json).end('[1]'),
    false,
  ],
])('a picture that can’t be read costs all that was held for it: %s', async (_how, path, answer, stream) => {
  const { gateway, ask } = await setUp('openai', answer, { usd: 0.3 });

  const line = await lineOf(gateway, await ask({ tools: [tool], stream }, path));

  expect(line).toMatchObject({ tokens_out: 100 + 7_024, usage_source: 'estimated' });
  expect(line.usd).toBeGreaterThan((100 * 2 + 7_024 * 32) / 1e6);
  const { message: refused } = errorOf(await ask({ tools: [tool], stream }, path));
  const [remain, held] = [/([\d.]+) USD remain/, /may take ([\d.]+) USD/].map((each) =>
    Number(each.exec(String(refused))?.[1]),
  );
  expect(held).toBeCloseTo(Number(line.usd), 5);
  expect(remain).toBeCloseTo(0.3 - Number(line.usd), 5);
});

it('who makes pictures by a tool falls under the budget of who makes them', async () => {
  const only = { scope: 'model', match: ['gpt-image-1.5'], requests: 1 };
  const { ask } = await setUp('openai', respond(RESPONSE), only);

  expect((await ask({ tools: [tool] })).status).toBe(200);
  expect((await ask({ tools: [tool] })).status).toBe(429);
  expect((await ask({})).status).toBe(200);
});

const entry = (type: string, input: number, output: number, rest: object = {}) => ({
  ...{ type, input_tokens: input, output_tokens: output },
  ...{ cache_read_input_tokens: 0, cache_creation_input_tokens: 0, ...rest },
});
const ADVISED = {
  ...{ input_tokens: 412, output_tokens: 531 },
  iterations: [
    entry('message', 412, 89),
    entry('advisor_message', 823, 1_612, { model: 'claude-opus' }),
    entry('message', 1_348, 442, { cache_read_input_tokens: 412 }),
  ],
};
const STOOD_IN = {
  ...{ input_tokens: 412, output_tokens: 264 },
  iterations: [
    entry('message', 408, 5, { model: 'gpt-4o-mini' }),
    entry('fallback_message', 412, 264, { model: 'claude-opus-20260601' }),
  ],
};
const STOOD_IN_ALONE = { ...STOOD_IN, iterations: STOOD_IN.iterations.slice(1) };

it.each([
  ['an advisor, whole', ADVISED, (2_172 + 531 * 2 + 823 * 10 + 1_612 * 50) / 1e6, false, 2_995, 2_143],
  ['an advisor, streamed', ADVISED, (2_172 + 531 * 2 + 823 * 10 + 1_612 * 50) / 1e6, true, 2_995, 2_143],
  ['who stood in, whole', STOOD_IN, (408 + 5 * 2 + 412 * 10 + 264 * 50) / 1e6, false, 820, 269],
  ['who stood in, streamed', STOOD_IN, (408 + 5 * 2 + 412 * 10 + 264 * 50) / 1e6, true, 820, 269],
  ['who alone was asked', STOOD_IN_ALONE, (412 * 10 + 264 * 50) / 1e6, true, 412, 264],
])('Claude: %s costs its own price', async (_who, usage, usd, stream, tokens_in, tokens_out) => {
  const { gateway, ask } = await setUp('anthropic', message(usage));
  const line = await lineOf(gateway, await ask({ stream }));
  expect(line.usd).toBeCloseTo(usd, 9);
  expect(line).toMatchObject({ tokens_in, tokens_out, usage_source: 'reported' });
});

it.each([
  ['an advisor', ADVISED, 531],
  ['who stood in', STOOD_IN, 264],
  ['who alone was asked', STOOD_IN_ALONE, 264],
])('Claude: clients are told what an answer says of itself, and it is what its prompt came to: %s', async (_who, usage, output) => {
  const guarded = await setUp('anthropic', message(usage), undefined, { policies: [{ redact: {} }] });
  const streamed = String((await guarded.ask({ stream: true })).body);
  const last = JSON.parse(/^data: (.*"message_delta".*)$/m.exec(streamed)?.[1] ?? '{}');
  expect(last.usage).toMatchObject({ input_tokens: 412, output_tokens: output });

  const { gateway } = await setUp('anthropic', message(usage), undefined, { context: { enabled: true } });
  const { responses } = sdk(gateway);
  const told = { input_tokens: 412, output_tokens: output };
  const { id, usage: said } = await responses.create({ model: 'smart', input: 'Hi' });
  expect(said).toMatchObject(told);
  // Of its turn, by which the next prompt is measured.
  expect((await responses.retrieve(id)).usage).toMatchObject(told);
});

const advisor = { type: 'advisor_20260301', name: 'advisor', model: 'claude-opus', max_uses: 1 };

it('an advisor is held for at its own price, as often as it may be asked', async () => {
  const { provider, ask } = await setUp('anthropic', message(ADVISED), { usd: 0.1 });

  expect((await ask({ tools: [{ ...advisor, max_tokens: 1_900, max_uses: 2 }] })).status).toBe(429);
  expect((await ask({ tools: [{ ...advisor, max_tokens: 2_100 }] })).status).toBe(429);
  const unknown = await ask({ tools: [{ ...advisor, model: 'claude-unheard-of' }] });
  expect(JSON.parse(String(unknown.body))).toMatchObject({ error: { code: 'budget_unpriced' } });
  expect(provider.taken).toHaveLength(0);

  expect((await ask({ tools: [{ ...advisor, max_tokens: 1_900 }] })).status).toBe(200);
});

it('who may stand in is held for; whom the provider would choose, no budget of money or of a model can hold', async () => {
  const { provider, ask } = await setUp('anthropic', message(STOOD_IN), { usd: 0.1 });
  const code = 'budget_unpriced';

  expect((await ask({ fallbacks: [{ model: 'claude-opus', max_tokens: 2_100 }] })).status).toBe(429);
  expect(JSON.parse(String((await ask({ fallbacks: 'default' })).body))).toMatchObject({ error: { code } });
  expect(provider.taken).toHaveLength(0);
  expect((await ask({ fallbacks: [{ model: 'claude-opus' }] })).status).toBe(200);

  const only = { scope: 'model', match: ['claude-opus'], requests: 1 };
  const dear = await setUp('anthropic', message(STOOD_IN), only);
  expect(JSON.parse(String((await dear.ask({ fallbacks: 'default' })).body))).toMatchObject({
    error: { code },
  });
  expect((await dear.ask({})).status).toBe(200);
});

it('words of a model of pictures cost what words do, and who writes its SVG what that does', async () => {
  const answer = {
    data: [{ b64_json: 'iVBO' }],
    usage: painted,
    svg_usage: {
      model: 'gpt-4o-mini',
      input_tokens: 100,
      output_tokens: 20,
      reasoning_tokens: 5,
      total_tokens: 120,
    },
  };
  const { gateway, ask } = await setUp('openai', respond(answer));
  const asked = { model: 'gpt-image-1.5', prompt: 'a red kite' };
  const line = await lineOf(gateway, await ask(asked, '/v1/images/generations'));
  expect(line.usd).toBeCloseTo(USD_PAINTED + USD_ASKED, 9);
});
