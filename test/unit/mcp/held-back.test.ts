import { expect, it } from 'vitest';
import { HeldBack } from '../../../src/mcp/held-back.ts';

it.each(['\n\n', '\r\n\r\n', '\r\r', '\n\r\n'])('an event is over at %j, wherever it is cut', (end) => {
  const text = `data: a${end}data: bc`;
  for (let at = 0; at <= text.length; at++) {
    const held = new HeldBack();
    held.take(text.slice(0, at));
    expect(held.take(text.slice(at))).toBeLessThanOrEqual('data: bc'.length + 1);
  }
});

it('lines and comments of one event are all of it', () => {
  const held = new HeldBack();
  for (let at = 0; at < 10; at++) held.take('data: a\n:b\n');
  expect(held.size).toBe(110);
});
