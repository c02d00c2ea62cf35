import { expect, it } from 'vitest';
import { mediaBytes, usageAtMost } from '../../../../src/ai/budgets/estimate.ts';

const MILLION = 1_000_000;
const input = (body: object): number => {
  const bytes = Buffer.from(JSON.stringify(body));
  return usageAtMost(bytes.length, 0, MILLION, mediaBytes(bytes)).input;
};

it('a long text may come to all that its model reads; a picture, sound or a file to no more than most models do', () => {
  const text = 'x'.repeat(6 * MILLION);
  expect(input({ text })).toBe(MILLION);
  expect(input({ url: `data:image/png;base64,${text}` })).toBeLessThan(201_000);
  expect(input({ source: { type: 'base64', media_type: 'image/png', data: text } })).toBeLessThan(201_000);
  expect(input({ text: 'x'.repeat(900_000), url: `data:image/png;base64,${text}` })).toBeGreaterThan(490_000);
  expect(input({ text: 'short' })).toBeLessThan(10);
});
