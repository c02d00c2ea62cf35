import { expect, it } from 'vitest';
import { endOfLastEvent } from '../../../src/lib/event-boundary.ts';

it.each([
  ['', 0],
  ['data: 1', 0],
  ['data: 1\n', 0],
  ['data: 1\n\n', 9],
  ['data: 1\n\nda', 9],
  ['data: 1\r\n\r\nda', 11],
  ['data: 1\r\rda', 9],
  ['a: 1\n\nb: 2\n\nc', 12],
  ['data: 1\r\n', 0],
  ['data: 1\n\r\nx', 10],
])('%j is whole up to %i', (text, end) => {
  expect(endOfLastEvent(Buffer.from(text))).toBe(end);
});
