import { expect, it, test } from 'vitest';
import { fail, Small } from '../../helpers/small-gateway.ts';

it('counts what is bad of a signal, and of what nobody counts nothing at all: good requests are no proof of it', () => {
  const small = new Small().ticks(1, () => undefined);
  for (const signal of ['errors', 'state', 'spend', 'bill', 'channel'])
    small.core.watches.add({ id: signal, signal, scopes: [{}], fromRevision: 0 });
  small.ticks(1, (one, at) => at % 10 === 0 && fail(one));
  expect(small.watched.map(({ watch, bad, total }) => [watch, bad, total])).toEqual([
    ['errors', 10, 100],
    ['state', 0, 0],
    ['spend', 0, 0],
    ['bill', 0, 0],
    ['channel', 0, 0],
  ]);
});

test('a state that lasts for days is told once, and is over when it is over', () => {
  const DAY = 8640;
  const small = new Small();
  const certificate = (to: string) =>
    small.core.change({
      at: 0,
      kind: 'certificate',
      subject: 'shop.example',
      from: '',
      to,
      reason: 'in 20 days',
      scopes: undefined,
    });
  small.ticks(1, () => undefined, 10);
  certificate('expiring');
  small.ticks(2 * DAY + 60, () => undefined, 0);
  const kinds = () => small.events.map(({ kind }) => kind).filter((kind) => kind !== 'updated');
  expect(kinds()).toEqual(['opened']);
  // What happens meanwhile becomes usual all the same: it is no certificate’s.
  const { leaves } = small.core.counts;
  const frozen = Array.from({ length: leaves.end }, (_, leaf) => leaves.frozenUntil(leaf));
  expect(Math.max(...frozen)).toBe(-1);
  certificate('valid');
  small.ticks(60, () => undefined, 0);
  expect(kinds()).toEqual(['opened', 'ended']);
});
