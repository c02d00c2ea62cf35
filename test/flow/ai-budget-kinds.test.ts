// Sound, pictures and what is written to a cache cost more than words: a budget that has too little for them lets words pass.
import { expect, it } from 'vitest';
import { aiGateway, asAnthropic, chat, hello, rawProvider } from '../helpers/ai.ts';

const PRICES = {
  'p0/gpt-4o-mini': { input: 1, output: 2, audioOutput: 100, imageOutput: 100, cacheWrite: 20 },
};
const CHAT = { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] };
const MESSAGE = { type: 'message', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' };

async function setUp(prices: object) {
  const provider = await rawProvider((response, { body }) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(String(body).includes('"max_tokens":500') ? MESSAGE : CHAT)),
  );
  const ai = { budgets: [{ name: 'b', per: '1d', scope: 'consumer', usd: 0.01 }] };
  return (kind: 'openai' | 'anthropic') =>
    aiGateway([kind === 'openai' ? provider : asAnthropic(provider)], { prices, ai });
}

it('a chat that asks for sound is reserved for as sound, and one that asks for words as words', async () => {
  const { imageOutput: _, ...rates } = PRICES['p0/gpt-4o-mini'];
  const gateway = await (await setUp({ 'p0/gpt-4o-mini': rates }))('openai');
  const spoken = { ...hello(), max_tokens: 1000, modalities: ['text', 'audio'], audio: { voice: 'alloy' } };

  expect((await chat(gateway, spoken)).status).toBe(429);
  expect((await chat(gateway, { ...hello(), max_tokens: 1000 })).status).toBe(200);
});

it('a model that makes pictures is reserved for as if it did', async () => {
  const gateway = await (await setUp(PRICES))('openai');

  expect((await chat(gateway, { ...hello(), max_tokens: 1000 })).status).toBe(429);
  expect((await chat(gateway, { ...hello(), max_tokens: 50 })).status).toBe(200);
});

it('what is to be kept in a cache is reserved for as written to it', async () => {
  const { imageOutput: _, ...rates } = PRICES['p0/gpt-4o-mini'];
  const gateway = await (await setUp({ 'p0/gpt-4o-mini': rates }))('anthropic');
  const ask = (cache: object) => {
    const content = [{ type: 'text', text: 'long '.repeat(600), ...cache }];
    const body = { ...hello(), max_tokens: 500, messages: [{ role: 'user', content }] };
    return chat(gateway, body, {}, '/v1/messages');
  };

  expect((await ask({ cache_control: { type: 'ephemeral' } })).status).toBe(429);
  expect((await ask({})).status).toBe(200);
});
