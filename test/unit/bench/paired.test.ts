import { expect, test } from 'vitest';
import { leavesCompared } from '../../../bench/load/abort.ts';
import type { Times } from '../../../bench/load/clients/client.ts';
import { addedBy, outsideOf, type Reloaded, roundsOf } from '../../../bench/load/reload.ts';

const told = (p99: number, max: number) =>
  ({ answered: 1, failures: {}, times: { p99, max } as Times }) as Reloaded['told'];

test('a reload has a verdict: on the longest request of its window beside that of the same process without one', () => {
  const rounds = [1, 2, 3, 4, 5].map(
    (noise): Reloaded => ({
      toServiceMs: 30,
      told: told(5 + (noise % 2), 60 + noise),
      quiet: told(5 + ((noise + 1) % 2), 20 + noise),
    }),
  );
  const [longest, p99] = addedBy('gateway', rounds);
  expect(longest).toMatchObject({
    subject: 'gateway, longest with a reload',
    against: 'without',
    verdict: 'different',
  });
  expect(longest?.added.median).toBe(40);
  expect(p99).toMatchObject({ subject: 'gateway, p99 with a reload', verdict: 'no difference' });
});

test('the longest requests of the rounds stand one by one, since no difference may have a wide scatter behind it', () => {
  const round = (with_: number, without: number): Reloaded => ({
    toServiceMs: 30,
    told: told(1, with_),
    quiet: told(1, without),
  });
  expect(roundsOf({ gateway: [round(185, 28), round(39.5, 123)] }).split('\n')).toEqual([
    '| longest, ms | round 1 | round 2 | min–max |',
    '| --- | ---: | ---: | ---: |',
    '| gateway, with a reload | 185 | 39.5 | 39.5–185 |',
    '| gateway, without | 28.0 | 123 | 28.0–123 |',
    '| gateway, more with it | 157 | -83.5 | -83.5–157 |',
  ]);
});

test('how soon upstreams hear of it is compared by round, and only with who was here', () => {
  const rounds = (ms: number) =>
    [1, 2, 3, 4, 5].map((noise) => ({ ms: [ms + noise, 10 * ms], forgotten: 0 }));
  const left = { 'gateway, full': rounds(3), 'raw dispatch': rounds(2) };
  const pairs = ['nginx', 'raw dispatch'].map((against) => ({ subject: 'gateway, full', against }));
  const compared = leavesCompared(left, pairs);
  expect(compared.map(({ against }) => against)).toEqual(['raw dispatch, p50', 'raw dispatch, p99']);
  expect(compared.map(({ added, verdict }) => [added.median, verdict])).toEqual([
    [10, 'different'],
    [10, 'different'],
  ]);
});

test('a reload that is not in service before its window ends is said to be outside of it', () => {
  const results = { nginx: [{ toServiceMs: 20 }], gateway: [{ toServiceMs: 1_500 }, { toServiceMs: 3_700 }] };
  expect(outsideOf(results, 4_000)).toEqual([
    '**In service only after the window had ended: 1 of 2 reloads of gateway.**',
  ]);
});
