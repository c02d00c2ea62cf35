import { expect, it } from 'vitest';
import { listAtMost, mediaBytes, usageAtMost } from '../../../../src/ai/budgets/estimate.ts';

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

it('texts that are read each for itself may come to all of their length, and tokens to more than text does', () => {
  const listed = (input: unknown, inTokens = false): number =>
    listAtMost(Buffer.from(JSON.stringify({ input })), inTokens).input;
  expect(listed(Array(100).fill('x'.repeat(60_000)))).toBeGreaterThanOrEqual(2 * MILLION);
  expect(listed(`data:image/png;base64,${'x'.repeat(6 * MILLION)}`)).toBeLessThan(201_000);
  expect(listed(Array(MILLION).fill(7), true)).toBeGreaterThanOrEqual(MILLION);
  expect(listed('short')).toBeLessThan(10);
});
