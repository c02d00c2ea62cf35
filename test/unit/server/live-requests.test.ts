import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { LiveExchange } from '../../../src/record/exchange.ts';
import { LiveRequests } from '../../../src/server/live-requests.ts';

const exchange = (): LiveExchange =>
  new LiveExchange({ headers: {}, socket: {} }, 1, { wall: 0, monotonic: 0 });
const response = (name: string): ServerResponse => ({ name }) as never;

test('whoever ends, first, last or in between, the others are in flight with their own answers', () => {
  const live = new LiveRequests();
  const exchanges = ['a', 'b', 'c', 'd'].map((name) => {
    const one = exchange();
    live.add(one, response(name));
    return one;
  });
  const names = (): string[] =>
    live
      .all()
      .map(([, answer]) => (answer as unknown as { name: string }).name)
      .sort();
  const [a, b, c, d] = exchanges as [LiveExchange, LiveExchange, LiveExchange, LiveExchange];
  live.delete(b);
  expect(names()).toEqual(['a', 'c', 'd']);
  live.delete(d);
  live.delete(a);
  expect([names(), live.size]).toEqual([['c'], 1]);
  expect(live.all()[0]?.[0]).toBe(c);
  live.delete(c);
  expect(live.size).toBe(0);
});

test('ending twice, or without ever having begun, ends nobody else', () => {
  const live = new LiveRequests();
  const [first, second, never] = [exchange(), exchange(), exchange()];
  live.add(first, response('first'));
  live.add(second, response('second'));
  live.delete(first);
  live.delete(first);
  live.delete(never);
  expect(live.all()).toEqual([[second, response('second')]]);
});
