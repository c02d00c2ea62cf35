import { calcPrice } from '@pydantic/genai-prices';
import { expect, it } from 'vitest';
import { type ConfiguredPrice, priceAtMost, pricerOf } from '../../../src/ai/prices.ts';
import { priorityFactor } from '../../../src/ai/priority-prices.ts';

const OPENAI = 'https://api.openai.com/v1';
const own = (price: Partial<ConfiguredPrice>): ConfiguredPrice => ({
  input: 2,
  output: 3,
  perRequest: 0,
  tiers: {},
  ...price,
});
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
  expect(pricerOf('gpt-4o', OPENAI, own({}))(usage)).toBeCloseTo(5, 9);
  expect(pricerOf('gpt-4o', OPENAI, own({ cachedInput: 0 }))(usage)).toBeCloseTo(4, 9);
});

it('what is not in the table has no price', () => {
  expect(pricerOf('house-model-7', HERE, undefined)({ input: 1, output: 1, cached: 0 })).toBe(-1);
});

it.each([
  ['claude-haiku-4-5', { cacheWrite: 300 }, { cache_write_tokens: 300 }],
  ['claude-sonnet-4-5', { cacheWrite: 900 }, { cache_write_tokens: 900 }],
  ['gpt-4o-realtime-preview', { audioInput: 400 }, { input_audio_tokens: 400 }],
  ['gpt-4o-realtime-preview', { audioOutput: 50 }, { output_audio_tokens: 50 }],
  ['gpt-4o-mini', { reasoning: 50 }, {}],
])('%s costs what the table says for %j', (model, kinds, inTable) => {
  const price = pricerOf(model, HERE, undefined);
  for (const input of [1_000, 500_000]) {
    const table = calcPrice({ input_tokens: input, output_tokens: 100, ...inTable }, model);
    expect(table, 'the table knows it').toBeTruthy();
    expect(price({ input, output: 100, cached: 0, ...kinds })).toBeCloseTo(table?.total_price ?? -1, 9);
  }
});

it('every kind of token can have a price in the config, and a call one of its own', () => {
  const price = own({
    cachedInput: 1,
    cacheWrite: 4,
    audioInput: 5,
    imageInput: 6,
    reasoning: 7,
    audioOutput: 8,
    imageOutput: 9,
    perRequest: 0.5,
  });
  const usage = {
    input: 5_000_000,
    cached: 1_000_000,
    cacheWrite: 1_000_000,
    audioInput: 1_000_000,
    imageInput: 1_000_000,
    output: 4_000_000,
    reasoning: 1_000_000,
    audioOutput: 1_000_000,
    imageOutput: 1_000_000,
  };
  expect(pricerOf('gpt-4o', OPENAI, price)(usage)).toBeCloseTo(2 + 1 + 4 + 5 + 6 + 3 + 7 + 8 + 9 + 0.5, 9);
});

it('so can what is sold by the piece of tools that the provider runs', () => {
  const usage = { input: 0, output: 0, cached: 0, searches: 3, fileSearches: 2, containers: 1 };
  const priced = own({ perSearch: 0.01, perFileSearch: 0.0025, perContainer: 0.12 });
  expect(pricerOf('gpt-5', OPENAI, priced)(usage)).toBeCloseTo(0.03 + 0.005 + 0.12, 9);
  expect(pricerOf('gpt-5', OPENAI, own({}))(usage)).toBe(0);
});

it('a service tier multiplies the price: by the config, else by what is usual', () => {
  const usage = { input: 1_000_000, output: 0, cached: 0 };
  const configured = pricerOf('gpt-4o', OPENAI, own({ tiers: { priority: 1.75 } }));
  expect(configured(usage, 'priority')).toBeCloseTo(3.5, 9);
  expect(configured(usage, 'default')).toBeCloseTo(2, 9);
  const table = pricerOf('gpt-4o', OPENAI, undefined);
  expect(table(usage, 'batch')).toBeCloseTo(table(usage) / 2, 9);
  expect(table(usage, 'priority')).toBeCloseTo(1.7 * table(usage), 9);
  // Few accounts are set to it: it is not reserved for who does not ask.
  expect(priceAtMost(table, usage, '')).toBeCloseTo(table(usage), 9);
  expect(priceAtMost(table, usage, 'priority')).toBeCloseTo(1.7 * table(usage), 9);
  const others = pricerOf('claude-haiku-4-5', HERE, undefined);
  expect(others(usage, 'priority')).toBe(others(usage));
});

it.each([
  ['claude-opus-4-8', 'fast', 2],
  ['claude-opus-5-5', 'fast', 2],
  ['claude-opus-4-6', 'fast', 6],
  ['gemini-2.5-pro', 'priority', 2],
  ['gemini-2.5-pro', 'flex', 0.5],
])('%s at the tier %s costs %d times as much', (model, tier, times) => {
  const usage = { input: 1_000_000, output: 100, cached: 0 };
  const price = pricerOf(model, HERE, undefined);
  expect(price(usage, tier)).toBeCloseTo(times * price(usage), 9);
});

it('Amazon’s models are known by their names, and others with a dot in theirs are none', () => {
  for (const model of [
    'openai.gpt-oss-120b-1:0',
    'us-gov.anthropic.claude-haiku-4-5-v1:0',
    'ai21.jamba-1-5-large-v1:0',
  ])
    expect(priorityFactor(model)).toBe(1.75);
  const usage = { input: 1_000_000, output: 100, cached: 0 };
  const nova = pricerOf('amazon.nova-pro-v1:0', 'https://bedrock-runtime.us-east-1.amazonaws.com', undefined);
  expect(nova(usage)).toBeGreaterThan(0);
  expect(nova(usage, 'priority')).toBeCloseTo(1.75 * nova(usage), 9);
  for (const model of ['llama3.1-8b', 'qwen2.5-72b', 'claude-3.5-sonnet', 'glm-4.7'])
    expect(priorityFactor(model)).toBe(1);
});

it.each([
  'constructor',
  'toString',
  '__proto__',
])('a tier that a client makes up costs what it usually does: %s', (tier) => {
  const usage = { input: 1_000, output: 100, cached: 0 };
  for (const configured of [undefined, own({ tiers: { flex: 0.5 } })]) {
    const price = pricerOf('gpt-4o', OPENAI, configured);
    expect(price(usage, tier)).toBe(price(usage));
    expect(priceAtMost(price, usage, tier)).toBe(price(usage));
  }
});

it('sound that is heard costs what the table says an hour does', () => {
  const price = pricerOf('whisper-1', OPENAI, undefined);
  expect(price({ input: 0, output: 0, cached: 0, audioSeconds: 600 })).toBeCloseTo(0.06, 9);
});

it('kinds of tokens that overlap never make a price less than nothing', () => {
  const usage = { input: 100, output: 10, cached: 100, audioInput: 100, reasoning: 50 };
  expect(pricerOf('gpt-4o', OPENAI, own({ cachedInput: 0, audioInput: 0, reasoning: 0 }))(usage)).toBe(0);
});

it('what is written to the cache for an hour costs 2 times its input, for five minutes 1.25 times', () => {
  const price = pricerOf('claude-haiku-4-5', 'https://api.anthropic.com', undefined);
  const written = { input: 1_000, output: 0, cached: 0, cacheWrite: 1_000 };
  const plain = price({ input: 1_000, output: 0, cached: 0 });
  expect(price(written)).toBeCloseTo(1.25 * plain, 9);
  expect(price({ ...written, cacheWriteHour: 1_000 })).toBeCloseTo(2 * plain, 9);
});

it('a tier is no discount before its provider has said it, and may be the dearest one where it is left open', () => {
  const usage = { input: 1_000, output: 0, cached: 0 };
  const price = pricerOf('x', HERE, own({ tiers: { flex: 0.5, priority: 2 } }));
  const costs = (tier: string) => priceAtMost(price, usage, tier) / price(usage);
  expect(['flex', 'default', 'priority', 'auto', ''].map(costs)).toEqual([1, 1, 2, 2, 2]);
});

it('what Claude searches the web for costs a cent a search', () => {
  const price = pricerOf('claude-haiku-4-5', 'https://api.anthropic.com', undefined);
  const usage = { input: 1_000, output: 0, cached: 0 };
  expect(price({ ...usage, searches: 3 }) - price(usage)).toBeCloseTo(0.03, 9);
});

it('what a model of OpenAI or Google searches the web for costs what their lists say', () => {
  const usage = { input: 1_000, output: 0, cached: 0 };
  const google = 'https://generativelanguage.googleapis.com';
  const searching = (model: string, url: string, searches: number): number => {
    const price = pricerOf(model, url, undefined);
    return price({ ...usage, searches }) - price(usage);
  };
  expect(searching('gpt-5', OPENAI, 3)).toBeCloseTo(0.03, 9);
  const inFiles = pricerOf('gpt-5', OPENAI, undefined);
  expect(inFiles({ ...usage, fileSearches: 2 }) - inFiles(usage)).toBeCloseTo(0.005, 9);
  // Until Gemini 2.5 a prompt, from Gemini 3 on a search.
  expect(searching('gemini-2.5-flash', google, 3)).toBeCloseTo(0.035, 9);
  expect(searching('gemini-3-pro-preview', google, 3)).toBeCloseTo(0.042, 9);
});

it('models that always search, or are sold by the request, cost that too', () => {
  const usage = { input: 0, output: 0, cached: 0 };
  expect(pricerOf('gpt-4o-search-preview', OPENAI, undefined)(usage)).toBeCloseTo(0.025, 9);
  expect(pricerOf('sonar', 'https://api.perplexity.ai', undefined)(usage)).toBeCloseTo(0.012, 9);
});
