import { expect, it } from 'vitest';
import { isOpenEventStream } from '../../../src/proxy/open-event-stream.ts';

it('nothing can be added to what has a length, or is packed, or is no stream of events', () => {
  const type = { 'content-type': 'text/event-stream; charset=utf-8' };
  expect(isOpenEventStream(type)).toBe(true);
  expect(isOpenEventStream({ ...type, 'content-length': '5' })).toBe(false);
  expect(isOpenEventStream({ ...type, 'content-encoding': 'gzip' })).toBe(false);
  expect(isOpenEventStream({ 'content-type': 'text/plain' })).toBe(false);
});
