// A reservation is for what a call comes to at most: whatever its answer turns out to be made of, it is no dearer.
import { expect, it } from 'vitest';
import { costAtMost, type DearKinds } from '../../../src/ai/cost-at-most.ts';
import { pricerOf } from '../../../src/ai/prices.ts';

const HERE = 'http://127.0.0.1:9001/v1';
const WORDS: DearKinds = { cacheWrite: '', pictures: true, sound: false, searches: 10 };

const of = (model: string) => ({ model, price: pricerOf(model, HERE, undefined) });

it.each([
  ['gemini-2.5-flash-image', WORDS, { imageOutput: 1_290 }],
  ['gemini-3-pro-image', WORDS, { imageOutput: 1_290 }],
  ['gpt-audio', { ...WORDS, sound: true }, { audioOutput: 1_290 }],
  ['claude-sonnet-4-5', { ...WORDS, cacheWrite: 'usual' }, { cacheWrite: 100_000 }],
  ['claude-sonnet-4-5', { ...WORDS, cacheWrite: 'hour' }, { cacheWrite: 100_000, cacheWriteHour: 100_000 }],
  ['gpt-5.6-sol', WORDS, { cacheWrite: 100_000 }],
] as const)('%s with %j: all of it may be %j', (model, kinds, billed) => {
  const usage = { input: 100_000, output: 1_290, cached: 0 };
  const { price } = of(model);
  const most = costAtMost(of(model), usage, '', kinds);
  expect(most).toBeGreaterThan(price(usage));
  expect(most).toBeCloseTo(price({ ...usage, ...billed }), 9);
});

it.each([
  ['claude-sonnet-4-5', WORDS],
  ['gpt-4o-mini', { ...WORDS, cacheWrite: 'hour', sound: true }],
  ['gpt-audio', WORDS],
  ['gemini-2.5-flash-image', { ...WORDS, pictures: false }],
  ['gpt-5.5', WORDS],
] as const)('a chat of words with %s comes to what its words do: %j', (model, kinds) => {
  const usage = { input: 50_000, output: 4_096, cached: 0 };
  expect(costAtMost(of(model), usage, '', kinds)).toBeCloseTo(of(model).price(usage), 9);
});

it('what is too short to be written to a cache unasked costs no more', () => {
  const usage = { input: 1_023, output: 100, cached: 0 };
  expect(costAtMost(of('gpt-5.6-sol'), usage, '', WORDS)).toBeCloseTo(of('gpt-5.6-sol').price(usage), 9);
});

it('what is known to be sound or pictures is counted once, and what has no price has none', () => {
  const price = pricerOf('m', HERE, {
    input: 1,
    output: 2,
    imageOutput: 50,
    audioOutput: 9,
    perRequest: 0,
    tiers: {},
  });
  const spoken = { input: 100, output: 200, audioOutput: 200, cached: 0 };
  const kinds = { ...WORDS, sound: true };
  expect(costAtMost({ model: 'm', price }, spoken, '', kinds)).toBe(price(spoken));
  expect(costAtMost(of('house-model-7'), { input: 9, output: 9, cached: 0 }, '', kinds)).toBe(-1);
});

it('what may be pictures is reserved for at their rate, or at that of words where that is dearer', () => {
  const seen = { input: 100, output: 0, cached: 0, imageInput: 40 };
  const costs = (rates: object, kinds = WORDS): number => {
    const price = pricerOf('m', HERE, { input: 2, output: 1, perRequest: 0, tiers: {}, ...rates });
    return costAtMost({ model: 'm', price }, seen, '', kinds) * 1e6;
  };
  expect(costs({})).toBeCloseTo(100 * 2, 9);
  expect(costs({ imageInput: 50 })).toBeCloseTo(60 * 2 + 40 * 50, 9);
  expect(costs({ imageInput: 1 })).toBeCloseTo(100 * 2, 9);
  // Words are written to a cache beside them, and pictures, too, where that is dearer.
  const written = { ...WORDS, cacheWrite: 'usual' } as const;
  expect(costs({ imageInput: 50, cacheWrite: 4 }, written)).toBeCloseTo(60 * 4 + 40 * 50, 9);
  expect(costs({ imageInput: 3, cacheWrite: 4 }, written)).toBeCloseTo(100 * 4, 9);
});

it('pictures that are changed are input at the rate of pictures', () => {
  const usage = {
    input: 10_000,
    imageInput: 10_000,
    output: 6_240,
    imageOutput: 6_240,
    cached: 0,
    images: 1,
  };
  const { price } = of('gpt-image-1');
  const { imageInput: _, ...asWords } = usage;
  expect(costAtMost(of('gpt-image-1'), usage, '', WORDS)).toBeCloseTo(price(asWords) + 10_000 * 5e-6, 9);
});

it('a model that searches unasked, and is sold by the search, is reserved for with searches', () => {
  const usage = { input: 1_000, output: 100, cached: 0 };
  const perplexity = (model: string): number => {
    const price = pricerOf(model, 'https://api.perplexity.ai', undefined);
    return costAtMost({ model, price }, usage, '', WORDS) - price(usage);
  };
  expect(perplexity('sonar-deep-research')).toBeGreaterThan(9 * 0.005);
  expect(perplexity('sonar')).toBeCloseTo(0, 9);
});
