import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { checkFraming } from '../../../src/server/request-framing.ts';

it.each([
  ['1.1', undefined, true],
  ['1.1', 'chunked', true],
  ['1.1', 'Chunked', true],
  ['1.1', 'gzip, chunked', false],
  ['1.1', 'chunked, chunked', false],
  ['1.1', 'identity', false],
  ['1.0', undefined, true],
  ['1.0', 'chunked', false],
  ['2.0', undefined, false],
  ['0.9', undefined, false],
])('HTTP/%s with transfer-encoding %s is let in: %s', (httpVersion, coding, isLetIn) => {
  const request = { httpVersion, headers: { 'transfer-encoding': coding } } as unknown as IncomingMessage;
  if (isLetIn) expect(() => checkFraming(request)).not.toThrow();
  else expect(() => checkFraming(request)).toThrow('not valid HTTP');
});
