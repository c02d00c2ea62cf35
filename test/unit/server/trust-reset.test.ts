import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { trustOf } from '../../../src/server/trust.ts';

/** What is left of a request whose connection was reset before anybody looked at it. */
const reset = {
  socket: { remoteAddress: undefined },
  headers: { 'x-forwarded-for': '203.0.113.7' },
} as unknown as IncomingMessage;

it.each([
  [false],
  [true],
  [['10.0.0.0/8']],
])('a connection that has no address any more has no client, with trustProxy %j', (trusted) => {
  const trust = trustOf(trusted);
  expect(trust.clientOf(reset)).toBe('');
  expect(trust.isTrusted(reset)).toBe(false);
});
