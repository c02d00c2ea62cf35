import { expect, test } from 'vitest';
import { journeyIn, journeyText } from '../../../src/context/journey.ts';
import type { SentContext } from '../../../src/context/prompt/build-prompt.ts';

const context: SentContext = {
  epoch: 0,
  covered: 0,
  sent: [1, 2, 3, 7, 9, 10],
  cut: [4],
  recalled: [{ version: 4, passages: 1 }],
  tokens: 100,
  recalledTokens: 10,
  capacity: 1000,
};

test('what was sent is read as it was, and takes no more room in a long conversation than in a short one', () => {
  expect(journeyIn(journeyText(context))).toEqual(context);
  const sizeOf = (turns: number): number =>
    journeyText({ ...context, sent: Array.from({ length: turns }, (_, at) => at + 1) }).length;
  expect(sizeOf(5000) - sizeOf(50)).toBeLessThan(10);
});

test('what was kept version by version is read as well', () => {
  expect(journeyIn(JSON.stringify(context))).toEqual(context);
  expect(journeyIn('')).toBeNull();
});
