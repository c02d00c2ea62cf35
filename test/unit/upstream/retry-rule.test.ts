import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import {
  backoffMs,
  isWorthRetry,
  mayHedge,
  repeatHarm,
  retryAfterMs,
} from '../../../src/upstream/retry-rule.ts';

const request = (method: string, body: Buffer | Readable | null = null) => ({
  method,
  path: '/',
  headers: {},
  body,
});

it.each([
  ['GET', true, undefined],
  ['PUT', true, undefined],
  ['DELETE', true, undefined],
  ['POST', true, 'not_idempotent'],
  ['PATCH', true, 'not_idempotent'],
  ['POST', false, undefined],
])('%s, sent: %s → harm of a repetition: %s', (method, wasSent, harm) => {
  expect(repeatHarm(request(method, Buffer.from('x')), wasSent)).toBe(harm);
});

it('a stream can be sent once', () => {
  const body = Readable.from(['x']);
  expect([repeatHarm(request('PUT', body), false), repeatHarm(request('PUT', body), true)]).toEqual([
    undefined,
    'body_streamed',
  ]);
  body.destroy();
  expect(repeatHarm(request('PUT', body), false)).toBe('body_streamed');
});

it('only what changes nothing and has no body is sent twice at once', () => {
  expect(
    ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST'].filter((method) => mayHedge(request(method))),
  ).toEqual(['GET', 'HEAD', 'OPTIONS']);
  expect(mayHedge(request('GET', Buffer.from('x')))).toBe(false);
});

it('failures by their kind, statuses by number', () => {
  const retry = { attempts: 2, on: ['connect', 503] as const, budget: 1, maxWait: 0 };
  expect(isWorthRetry(retry, 'upstream_connect')).toBe(true);
  expect(isWorthRetry(retry, 'upstream_reset')).toBe(false);
  expect(isWorthRetry(retry, 'internal')).toBe(false);
  expect([isWorthRetry(retry, 503), isWorthRetry(retry, 502)]).toEqual([true, false]);
});

it('pauses double, up to a second, and differ', () => {
  expect([backoffMs(1, 0), backoffMs(1, 1), backoffMs(3, 1), backoffMs(10, 1)]).toEqual([
    12.5, 25, 100, 1000,
  ]);
});

it('Retry-After is seconds or a date', () => {
  const now = Date.parse('Mon, 23 Nov 2026 12:00:00 GMT');
  expect(retryAfterMs('2', now)).toBe(2000);
  // Two lines of it come as a list.
  expect(retryAfterMs(['2', '3'], now)).toBe(0);
  expect(retryAfterMs('Mon, 23 Nov 2026 12:00:03 GMT', now)).toBe(3000);
  expect(retryAfterMs('Mon, 23 Nov 2026 11:00:00 GMT', now)).toBe(0);
  expect([retryAfterMs(undefined, now), retryAfterMs('soon', now), retryAfterMs('', now)]).toEqual([0, 0, 0]);
});
