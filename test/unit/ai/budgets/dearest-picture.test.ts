// No picture may cost more than was reserved for it, by what vendors write of their prices (2026), however few bytes it has.
import { describe, expect, it } from 'vitest';
import { chatAtMost } from '../../../../src/ai/budgets/estimate.ts';

type Price = (width: number, height: number) => number;

/** OpenAI, in squares of 32 pixels: what needs more is made smaller. */
const patches =
  (most: number, times: number): Price =>
  (width, height) =>
    Math.ceil(Math.min(most, Math.ceil(width / 32) * Math.ceil(height / 32)) * times);

/** OpenAI, in tiles of 512 pixels: within 2048, then with a shorter side of 768. */
const tiles =
  (base: number, each: number): Price =>
  (width, height) => {
    const within = Math.min(1, 2048 / Math.max(width, height));
    const scale = within * Math.min(1, 768 / (within * Math.min(width, height)));
    const across = (side: number): number => Math.ceil(Math.round(side * scale) / 512);
    return base + each * across(width) * across(height);
  };

/** Anthropic, in squares of 28 pixels: what is longer, or comes to more, is made smaller. */
const squares =
  (longest: number, most: number): Price =>
  (width, height) => {
    let scale = Math.min(1, longest / Math.max(width, height));
    const count = (): number => Math.ceil((width * scale) / 28) * Math.ceil((height * scale) / 28);
    while (count() > most) scale *= 0.999;
    return count();
  };

const SIZES = [
  [1, 1],
  [512, 512],
  [1024, 1024],
  [1920, 1080],
  [2048, 768],
  [2000, 6000],
  [3840, 2160],
  [8000, 8000],
  [8000, 40],
] as const;

describe.each<[string, Price]>([
  ['claude-opus-4-8', squares(2576, 4784)],
  ['us.anthropic.claude-sonnet-4-6-v1:0', squares(1568, 1568)],
  ['anthropic/claude-haiku-4.5', squares(1568, 1568)],
  ['gemini-3-pro-preview', () => 2240],
  ['models/gemini-3.5-flash', () => 2240],
  ['gpt-4o-mini-2024-07-18', tiles(2833, 5667)],
  ['ft:gpt-4o-mini-2024-07-18:us', tiles(2833, 5667)],
  ['gpt-4o', tiles(85, 170)],
  ['gpt-4-turbo', tiles(85, 170)],
  ['gpt-4.1', tiles(85, 170)],
  ['gpt-4.1-mini', patches(1536, 1.62)],
  ['gpt-4.1-nano', patches(1536, 2.46)],
  ['o3', tiles(75, 150)],
  ['o4-mini', patches(1536, 1.72)],
  ['openai/gpt-5', tiles(70, 140)],
  ['gpt-5-mini', patches(1536, 1.62)],
  ['gpt-5-nano', patches(1536, 2.46)],
  ['gpt-5.2', patches(1536, 1)],
  ['gpt-5.4', patches(10_000, 1)],
  ['gpt-5.5-2026-04-23', patches(10_000, 1)],
])('of %s', (model, price) => {
  const dearest = Math.max(...SIZES.map(([width, height]) => price(width, height)));

  it.each([
    ['lies elsewhere', { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'high' } }],
    ['has a few bytes', { type: 'image', source: { type: 'base64', data: 'iVBORw0KGgoAAAANSUhEUgAA' } }],
    ['is Amazon’s', { image: { format: 'png', source: { bytes: 'iVBORw0KGgoAAAANSUhEUgAA' } } }],
  ])('one that %s', (_, part) => {
    const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: [part] }] }));
    expect(chatAtMost(body, 0, 0, [model]).input).toBeGreaterThanOrEqual(dearest);
    // The dearest of those that may answer.
    expect(chatAtMost(body, 0, 0, ['gpt-4o', model]).input).toBeGreaterThanOrEqual(dearest);
  });
});

it('what vendors give as examples comes out as they say', () => {
  expect([squares(2576, 4784)(3840, 2160), squares(2576, 4784)(1920, 1080)]).toEqual([4784, 2691]);
  expect(tiles(85, 170)(1024, 1024)).toBe(765);
  expect(tiles(85, 170)(2048, 4096)).toBe(1105);
});
