import { expect, test } from 'vitest';
import { type Change, ToldChanges } from '../../../src/hypercare/engine/told-changes.ts';
import { fail, Small } from '../../helpers/small-gateway.ts';

const TICK_MS = 10_000;
const MINUTE_MS = 60_000;

const change = (kind: string, subject: string, to: string): Change => ({
  at: 0,
  kind,
  subject,
  from: '',
  to,
  reason: '',
  by: 'gateway',
  scopes: undefined,
});

test('a thread that begins is told the bad states that last, the revision that serves, and what changed in the last half hour', () => {
  const told = new ToldChanges();
  told.take(change('revision', 'config', '1'), 0);
  told.take(change('breaker', 'shop', 'open'), 0);
  told.take(change('breaker', 'cart', 'open'), 0);
  told.take(change('certificate', 'shop.example', 'expiring'), MINUTE_MS);
  told.take(change('release', 'shop', '7'), 2 * MINUTE_MS);
  told.take(change('breaker', 'cart', 'closed'), 3 * MINUTE_MS);
  const saidAt = (now: number): string[] =>
    told.all(now, TICK_MS).map(({ change: { kind, subject, to }, ago }) => `${kind} ${subject} ${to} ${ago}`);
  expect(saidAt(3 * MINUTE_MS)).toEqual([
    'revision config 1 18',
    'breaker shop open 18',
    'breaker cart open 18',
    'certificate shop.example expiring 12',
    'release shop 7 6',
    'breaker cart closed 0',
  ]);
  expect(saidAt(60 * MINUTE_MS)).toEqual([
    'revision config 1 360',
    'breaker shop open 360',
    'certificate shop.example expiring 354',
  ]);
  told.take(change('revision', 'config', '2'), 60 * MINUTE_MS);
  expect(saidAt(120 * MINUTE_MS)[2]).toBe('revision config 2 360');
});

test('what was told of before a thread began is a cause of what it finds, for half an hour', () => {
  const small = new Small({ objectives: [] }).ticks(30, () => undefined);
  for (const ago of [250, 100])
    small.core.change({ ...change('release', `shop-${ago}`, '7'), at: small.now - ago * TICK_MS }, ago);
  small.ticks(12, (one, at) => at % 3 === 0 && fail(one));
  expect(small.opened[0]?.correlates).toMatchObject([{ subject: 'shop-100' }]);
});
