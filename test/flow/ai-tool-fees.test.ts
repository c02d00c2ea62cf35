// What a provider sells by the piece of tools that it runs itself is held for before it is asked, and billed as it was used.
import { expect, it } from 'vitest';
import { aiGateway, asAnthropic, chat, lineOf, rawProvider } from '../helpers/ai.ts';

const PRICE = {
  input: 1,
  output: 1,
  perSearch: 0.01,
  perFileSearch: 0.01,
  perContainer: 0.06,
  imageInput: 100,
};
const MESSAGE = {
  ...{ id: 'm', type: 'message', role: 'assistant', stop_reason: 'end_turn' },
  content: [{ type: 'text', text: 'Rain.' }],
  usage: { input_tokens: 10, output_tokens: 5, server_tool_use: { web_search_requests: 2 } },
};
const call = { type: 'code_interpreter_call', container_id: 'cntr_1', code: '1', outputs: [] };
const RESPONSE = {
  ...{ id: 'r', object: 'response', status: 'completed' },
  output: [call, call, { type: 'message', content: [{ type: 'output_text', text: 'Rain.' }] }],
  usage: { input_tokens: 10, output_tokens: 5 },
};

async function setUp(kind: 'openai' | 'anthropic', usd: number, reserve: object = {}) {
  const provider = await rawProvider((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(kind === 'openai' ? RESPONSE : MESSAGE)),
  );
  const gateway = await aiGateway([kind === 'openai' ? provider : asAnthropic(provider)], {
    prices: { 'p0/gpt-4o-mini': PRICE },
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', usd }], reserve },
  });
  const ask = (tools: object[], more: object = {}) =>
    kind === 'openai'
      ? chat(
          gateway,
          { model: 'smart', max_output_tokens: 100, input: 'Hi', tools, ...more },
          {},
          '/v1/responses',
        )
      : chat(
          gateway,
          { model: 'smart', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], tools, ...more },
          {},
          '/v1/messages',
        );
  return { gateway, provider, ask };
}

const search = { type: 'web_search_20250305', name: 'web_search' };

it('Claude may search as often as the budget has money for, and is billed for what it searched', async () => {
  const { gateway, provider, ask } = await setUp('anthropic', 0.05);

  expect((await ask([{ ...search, max_uses: 6 }])).status).toBe(429);
  expect((await ask([search])).status).toBe(429);
  expect(provider.taken).toHaveLength(0);

  const answer = await ask([{ ...search, max_uses: 4 }]);
  expect(answer.status).toBe(200);
  expect((await lineOf(gateway, answer)).usd).toBeCloseTo(2 * 0.01 + 15e-6, 9);
});

it('where a request sets no bound, the config’s counts', async () => {
  const { ask } = await setUp('anthropic', 0.05, { searches: 4 });
  expect((await ask([search])).status).toBe(200);
});

it('OpenAI’s searches are bounded by the calls that a request allows', async () => {
  const { ask } = await setUp('openai', 0.05);
  expect((await ask([{ type: 'web_search' }])).status).toBe(429);
  expect((await ask([{ type: 'file_search' }])).status).toBe(429);
  expect((await ask([{ type: 'web_search' }], { max_tool_calls: 6 })).status).toBe(429);
  expect((await ask([{ type: 'web_search' }], { max_tool_calls: 4 })).status).toBe(200);
});

it('a container that a request may open is held for, and billed once', async () => {
  const tool = { type: 'code_interpreter', container: { type: 'auto' } };
  const poor = await setUp('openai', 0.05);
  expect((await poor.ask([tool])).status).toBe(429);
  expect((await poor.ask([{ ...tool, container: 'cntr_1' }])).status).toBe(200);

  const { gateway, ask } = await setUp('openai', 0.1);
  const answer = await ask([tool]);
  expect(answer.status).toBe(200);
  expect((await lineOf(gateway, answer)).usd).toBeCloseTo(0.06 + 15e-6, 9);
});

it('a picture is held for at the rate of pictures, and words at theirs', async () => {
  const { ask } = await setUp('openai', 0.05);
  const input = (...content: object[]) => ({ input: [{ role: 'user', content }] });
  const picture = { type: 'input_image', image_url: 'https://example.com/kite.png' };
  const words = { type: 'input_text', text: 'kite '.repeat(1_000) };

  expect((await ask([], input(picture))).status).toBe(429);
  expect((await ask([], input(words))).status).toBe(200);
});
