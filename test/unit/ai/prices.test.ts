import { calcPrice } from '@pydantic/genai-prices';
import { expect, it } from 'vitest';
import { pricerOf } from '../../../src/ai/prices.ts';

const OPENAI = 'https://api.openai.com/v1';
const HERE = 'http://127.0.0.1:9001/v1';

it.each([
  ['gpt-4o-mini', OPENAI],
  ['gpt-4o-mini', HERE],
  ['gpt-4o', OPENAI],
  ['o3', OPENAI],
  ['gpt-5', OPENAI],
  ['claude-haiku-4-5', HERE],
  ['gemini-2.5-pro', HERE],
  ['gemini-2.5-flash', HERE],
  ['deepseek-chat', 'https://api.deepseek.com'],
])('%s at %s costs what the table says, small and large', (model, url) => {
  const price = pricerOf(model, url, undefined);
  for (const [input, output, cached] of [
    [1_000, 100, 0],
    [1_000, 100, 900],
    [500_000, 20_000, 0],
    [500_000, 20_000, 400_000],
  ] as const) {
    const table = calcPrice(
      { input_tokens: input, output_tokens: output, cache_read_tokens: cached },
      model,
      {
        providerApiUrl: url,
      },
    );
    const known =
      table ?? calcPrice({ input_tokens: input, output_tokens: output, cache_read_tokens: cached }, model);
    expect(price({ input, output, cached })).toBeCloseTo(known?.total_price ?? -1, 9);
  }
});

it('the config’s own price goes first; cached tokens cost what the others do unless it says so', () => {
  const usage = { input: 1_000_000, output: 1_000_000, cached: 500_000 };
  expect(pricerOf('gpt-4o', OPENAI, { input: 2, output: 3 })(usage)).toBeCloseTo(5, 9);
  expect(pricerOf('gpt-4o', OPENAI, { input: 2, output: 3, cachedInput: 0 })(usage)).toBeCloseTo(4, 9);
});

it('what is not in the table has no price', () => {
  expect(pricerOf('house-model-7', HERE, undefined)({ input: 1, output: 1, cached: 0 })).toBe(-1);
});
