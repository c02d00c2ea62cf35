import { expect, it } from 'vitest';
import { listAtMost, mediaBytes, usageAtMost } from '../../../../src/ai/budgets/estimate.ts';
import { givenTokens } from '../../../../src/ai/given-tokens.ts';

const MILLION = 1_000_000;
const PICTURE = Buffer.from(
  Array.from({ length: 4_500_000 }, (_, at) => (at * 7 + (at >> 8)) % 256),
).toString('base64');
const listed = (input: unknown, more: object = {}): number =>
  listAtMost(Buffer.from(JSON.stringify({ input, ...more })), givenTokens(input)).input;
const input = (body: object): number => {
  const bytes = Buffer.from(JSON.stringify(body));
  return usageAtMost(bytes.length, 0, MILLION, mediaBytes(bytes)).input;
};

it('a long text may come to all that its model reads; a picture, sound or a file to no more than most models do', () => {
  const text = 'x'.repeat(6 * MILLION);
  expect(input({ text })).toBe(MILLION);
  expect(input({ url: `data:image/png;base64,${text}` })).toBeLessThan(201_000);
  for (const media of [
    { source: { type: 'base64', media_type: 'image/png', data: PICTURE } },
    { inputImage: PICTURE },
    { instances: [{ image: { bytesBase64Encoded: PICTURE } }] },
  ])
    expect(input(media)).toBeLessThan(201_000);
  expect(input({ text: 'x'.repeat(900_000), url: `data:image/png;base64,${text}` })).toBeGreaterThan(490_000);
  expect(input({ text: 'short' })).toBeLessThan(10);
});

it('texts that are read each for itself may come to all of their length, and tokens to as many as there are', () => {
  expect(listed(Array(100).fill('x'.repeat(60_000)))).toBeGreaterThanOrEqual(2 * MILLION);
  expect(listed(`data:image/png;base64,${'x'.repeat(6 * MILLION)}`)).toBeLessThan(201_000);
  expect(listed(Array(50).fill({ image: PICTURE.slice(0, 100_000) }))).toBeLessThan(205_000);
  expect(listed(Array(MILLION).fill(7))).toBeGreaterThanOrEqual(MILLION);
  expect(listed('short')).toBeLessThan(10);
});

it('an input in tokens comes to their number, and to its texts beside them', () => {
  const ids = Array.from({ length: 30_000 }, (_, at) => 60_000 + at * 4);
  expect(listed(ids)).toBeGreaterThanOrEqual(30_000);
  expect(listed(ids)).toBeLessThan(30_010);
  expect(listed([ids, ids])).toBeLessThan(60_010);
  expect(listed([7, 'x'.repeat(3_000), 8])).toBeGreaterThanOrEqual(1_002);
  expect(listed([[7], ['x'.repeat(3_000)]])).toBeGreaterThanOrEqual(1_001);
  // Whoever writes more beside them has it read, perhaps.
  expect(listed([7], { texts: ['x'.repeat(3_000)] })).toBeGreaterThanOrEqual(1_001);
  expect(listed(ids, { texts: ['x'.repeat(3_000)] })).toBeGreaterThanOrEqual(31_000);
  expect(listed([1e300, -0.5, Number.MAX_SAFE_INTEGER])).toBeGreaterThanOrEqual(3);
});
