import { expect, it } from 'vitest';
import { PendingCall, PendingCalls } from '../../../src/mcp/hosted/pending-calls.ts';

it('who leaves calls lying has their own oldest given up, and nobody else’s', () => {
  const pending = new PendingCalls('r1', 60_000);
  const call = () => new PendingCall(() => new Promise(() => undefined));
  const hers = pending.keep(call(), 'ada');
  const his = Array.from({ length: 2000 }, () => pending.keep(call(), 'bob'));
  expect(pending.size).toBeLessThanOrEqual(101);
  expect(pending.take(his[0] as string, 'bob')).toBeUndefined();
  expect(pending.take(his.at(-1) as string, 'ada')).toBeUndefined();
  expect(pending.take(his.at(-1) as string, 'bob')).toBeDefined();
  expect(pending.take(hers, 'ada')).toBeDefined();
  // Many who have some each: one of who has the most makes room.
  const first = pending.keep(call(), 'cyd');
  for (let at = 0; at < 1000; at++) pending.keep(call(), `one of many ${at % 20}`);
  expect(pending.size).toBe(1000);
  expect(pending.take(first, 'cyd')).toBeDefined();
  pending.close();
  expect(pending.size).toBe(0);
});
