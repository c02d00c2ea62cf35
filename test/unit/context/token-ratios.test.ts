// Bytes say too little of how many tokens hex and code have: what providers count says the rest.
import { expect, test } from 'vitest';
import { TokenRatios } from '../../../src/context/measures/token-ratios.ts';

const LIMIT = 100_000;
const owner = (session: string, { model = 'smart', generation = 1, tenant = 'app' } = {}) => ({
  ref: { tenant, session },
  head: { generation },
  model,
});
const HEX = owner('hex');

test('nothing is known at first, and nothing is refused', () => {
  expect(new TokenRatios().of(HEX)).toEqual({ ratio: 1, most: Infinity });
});

test('a session’s ratio is that of its own prompts: it rises at once, and fades', () => {
  const ratios = new TokenRatios();
  const answered = (counted: number) => {
    ratios.answered(HEX, counted, 20_000, LIMIT);
    return ratios.of(HEX).ratio;
  };
  expect(answered(30_000)).toBe(1.5);
  expect(answered(50_000)).toBe(2.5);
  expect(answered(30_000)).toBeCloseTo(2.3);
  for (let turn = 0; turn < 30; turn++) answered(30_000);
  expect(answered(30_000)).toBeCloseTo(1.5, 2);
});

test('it is 1 at least, and 4 at most', () => {
  const ratios = new TokenRatios();
  ratios.answered(HEX, 1_000_000, 20_000, LIMIT);
  ratios.answered(owner('prose'), 10_000, 20_000, LIMIT);
  expect([ratios.of(HEX).ratio, ratios.of(owner('prose')).ratio]).toEqual([4, 1]);
});

test('short prompts, and those that nobody counted, tell nothing', () => {
  const ratios = new TokenRatios();
  ratios.answered(HEX, 900, 20, LIMIT);
  ratios.answered(HEX, -1, 50_000, LIMIT);
  ratios.answered(HEX, 0, 0, LIMIT);
  expect(ratios.of(HEX).ratio).toBe(1);
});

test('a session of which nothing is known yet goes by its model, and one that is known is not touched by others', () => {
  const ratios = new TokenRatios();
  ratios.answered(owner('prose'), 20_000, 20_000, LIMIT);
  ratios.answered(HEX, 60_000, 20_000, LIMIT);
  expect(ratios.of(owner('prose')).ratio).toBe(1);
  expect(ratios.of(owner('new')).ratio).toBeCloseTo(1.4);
  expect(ratios.of(owner('new', { model: 'other' })).ratio).toBe(1);
});

test('after a refusal the next prompt is half as long, and half again; once one is answered, none is as long as the last refused', () => {
  const ratios = new TokenRatios();
  ratios.answered(HEX, 40_000, 20_000, LIMIT);
  ratios.refused(HEX, 60_000, 0);
  expect(ratios.of(HEX)).toEqual({ ratio: 2, most: 30_000 });
  ratios.refused(HEX, 28_000, 0);
  expect(ratios.of(HEX).most).toBe(14_000);
  ratios.answered(HEX, -1, 13_000, LIMIT);
  expect(ratios.of(HEX)).toEqual({ ratio: 2, most: 28_000 });
});

test('what is halved is the prompt, and not the answer that was asked for with it', () => {
  const ratios = new TokenRatios();
  ratios.refused(HEX, 40_000, 90_000);
  expect(ratios.of(HEX).most).toBe(20_000 + 90_000);
  ratios.answered(HEX, -1, 20_000, LIMIT);
  expect(ratios.of(HEX).most).toBe(40_000 + 90_000);
});

test('it is the session’s alone, in this life of it, with this model', () => {
  const ratios = new TokenRatios();
  ratios.refused(HEX, 60_000, 0);
  const others = [
    owner('hex', { tenant: 'another' }),
    owner('hex', { generation: 2 }),
    owner('hex', { model: 'other' }),
    owner('prose'),
  ];
  expect(others.map((each) => ratios.of(each).most)).toEqual(others.map(() => Infinity));
});

test('a ratio that makes prompts short fades by these', () => {
  const ratios = new TokenRatios();
  ratios.answered(HEX, 80_000, 20_000, LIMIT);
  expect(ratios.of(HEX).ratio).toBe(4);
  const short = LIMIT / 8 / 2;
  for (let turn = 0; turn < 40; turn++) ratios.answered(HEX, short, short, LIMIT);
  expect(ratios.of(HEX).ratio).toBeLessThan(2.1);
});
