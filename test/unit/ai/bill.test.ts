// What a call is billed that says of itself that it is done behind its answer: anybody may say that.
import { expect, it } from 'vitest';
import { billOf } from '../../../src/ai/bill.ts';
import type { AnswerFacts } from '../../../src/contracts/usage.ts';

const call = {
  request: { isLater: true, serviceTier: '' },
  bytes: Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], deferred: true })),
  exchange: { ai: null, context: null },
  ports: { tokens: { count: async (_: string, texts: string[]) => texts.map(({ length }) => length) } },
};
const facts = (text: string): AnswerFacts =>
  ({ text, characters: text.length, usage: undefined, serviceTier: '' }) as never;
const by = { price: () => 7 } as never;

it('of what is done later nobody knows what it comes to', async () => {
  const bill = await billOf(call as never, facts(''), by);
  expect(bill).toEqual({ usage: { input: 0, output: 0, cached: 0 }, source: 'estimated', usd: -1 });
});

it('an answer that was heard was no later one: it is counted, though its stream broke off', async () => {
  const bill = await billOf(call as never, facts('Hello!'), by);
  expect(bill).toMatchObject({ usage: { output: 6 }, source: 'estimated', usd: 7 });
  expect(bill.usage.input).toBeGreaterThan(0);
});
