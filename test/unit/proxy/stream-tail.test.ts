import { expect, it } from 'vitest';
import { isOpenEventStream, StreamTail } from '../../../src/proxy/stream-tail.ts';

it.each([
  [[], true],
  [['data: 1\n\n'], true],
  [['data: 1\r\n\r\n'], true],
  [['data: 1\r\r'], true],
  [['data: 1\n'], false],
  [['data: 1\n\ndata: 2'], false],
  [['data: 1\r\n'], false],
  [['data: 1', '\r', '\n\r', '\n'], true],
  [['data: 1\n', '\n'], true],
  [['data: 1\n\n', ':'], false],
])('%j stands between two events: %s', (pieces, isBetween) => {
  const tail = new StreamTail();
  for (const piece of pieces) tail.see(Buffer.from(piece));
  expect(tail.isBetweenEvents).toBe(isBetween);
});

it('nothing can be added to what has a length, or is packed, or is no stream of events', () => {
  const type = { 'content-type': 'text/event-stream; charset=utf-8' };
  expect(isOpenEventStream(type)).toBe(true);
  expect(isOpenEventStream({ ...type, 'content-length': '5' })).toBe(false);
  expect(isOpenEventStream({ ...type, 'content-encoding': 'gzip' })).toBe(false);
  expect(isOpenEventStream({ 'content-type': 'text/plain' })).toBe(false);
});
