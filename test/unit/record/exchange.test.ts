import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { exchangeOf, LiveExchange } from '../../../src/record/exchange.ts';
import { isSampled } from '../../../src/record/span.ts';

const OUTCOME = { status: 200, complete: true, bytesIn: 10, bytesOut: 20, monotonic: 150 };

function live(): { request: IncomingMessage; exchange: LiveExchange } {
  const request = {
    headers: {},
    method: 'GET',
    socket: { remoteAddress: '::1' },
  } as unknown as IncomingMessage;
  return { request, exchange: new LiveExchange(request, 1, { wall: 0, monotonic: 100 }) };
}

describe('why an exchange ended', () => {
  it.each([
    [200, 'ok'],
    [101, 'ok'],
    [304, 'ok'],
    [404, 'upstream_4xx'],
    [503, 'upstream_5xx'],
  ])('status %i that was passed on: %s', (status, reason) => {
    const { exchange } = live();
    exchange.end({ ...OUTCOME, status });
    expect(exchange.reason).toBe(reason);
  });

  it('is what was said first', () => {
    const { exchange } = live();
    exchange.failWith(new GatewayError('upstream_timeout'));
    exchange.fail('upstream_reset');
    exchange.end({ ...OUTCOME, complete: false });
    exchange.fail('internal');
    expect(exchange.reason).toBe('upstream_timeout');
  });

  it('is the client, if nothing else was the matter and it is gone: the upstream is told', () => {
    const { exchange } = live();
    exchange.end({ ...OUTCOME, status: 499, complete: false });
    expect(exchange.reason).toBe('client_cancelled');
    expect(exchange.cancel.aborted).toBe(true);
  });
});

it('ends once, after the work that belongs to its end', async () => {
  const { exchange } = live();
  const done: string[] = [];
  exchange.atEnd(() => void done.push('first'));
  exchange.atEnd(async () => void done.push('second'));
  const pending = exchange.end(OUTCOME);
  expect(pending).toBeInstanceOf(Promise);
  await pending;
  expect(done).toEqual(['first', 'second']);
  expect(exchange.end({ ...OUTCOME, status: 500 })).toBe(false);
  expect([exchange.status, exchange.durationMs]).toEqual([200, 50]);
});

it('is found by its request', () => {
  const { request, exchange } = live();
  expect(exchangeOf(request)).toBe(exchange);
  expect(() => exchangeOf({} as IncomingMessage)).toThrow('without an exchange');
});

it.each([0, 1])('what the gateway asks by itself is in the same trace: sampled (%i) as that is', (sample) => {
  const now = { wall: 0, monotonic: 100 };
  const exchange = new LiveExchange({ headers: {}, socket: {} }, 1, now, sample);
  const inner = exchange.inner('context', '/v1/chat/completions', now);
  expect([exchange, inner].map(isSampled)).toEqual([sample === 1, sample === 1]);
});
