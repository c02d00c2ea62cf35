import { expect, test } from 'vitest';
import type { Priority } from '../../../src/contracts/finding.ts';
import { judge } from '../../../src/hypercare/exit/criteria.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 30);
const FORTNIGHT = 14 * DAY_MS;

/** A finding as its history has it: what its priority was from when on (hours ago), and when it was resolved. */
function finding(priorities: readonly (readonly [Priority, number])[], resolved: number | null): Finding {
  const [first] = priorities;
  const moves = priorities.slice(1).map(([to, ago], i) => ({
    at: NOW - ago * HOUR_MS,
    by: 'gateway',
    what: 'priority',
    from: null,
    to: null,
    note: `${priorities[i]?.[0]} → ${to}`,
  }));
  const end = { by: 'gateway', what: 'fixed', from: 'verifying', to: 'resolved', note: '' };
  return {
    id: 'F1',
    priority: priorities.at(-1)?.[0],
    state: resolved === null ? 'open' : 'resolved',
    openedAt: NOW - (first?.[1] ?? 0) * HOUR_MS,
    history: [...moves, ...(resolved === null ? [] : [{ ...end, at: NOW - resolved * HOUR_MS }])],
  } as unknown as Finding;
}

const verdict = (criterion: object, ...findings: Finding[]) =>
  judge(
    { name: 'quiet', for: FORTNIGHT, ...criterion },
    {
      now: NOW,
      start: NOW - 30 * DAY_MS,
      findings,
      objectives: [],
      csat: null,
      nps: null,
      engine: { state: 'running', isPartial: false },
    },
  );

test('a P0 that calmed down to P1 before it was fixed was a P0: the window may not end', () => {
  const calmed = finding(
    [
      ['P0', 30],
      ['P1', 2],
    ],
    1,
  );
  const { verdict: said, evidence } = verdict({ maxOpen: { P0: 0 } }, calmed);
  expect(said).toBe('fail');
  expect(evidence).toContain('fail: 1 P0 open at once at most within 14 d, 0 allowed (F1)');
});

test('what was a P0 before the window, and what rose to P0 when it had ended, are none within it', () => {
  const longAgo = finding(
    [
      ['P0', 500],
      ['P2', 400],
    ],
    null,
  );
  expect(verdict({ maxOpen: { P0: 0 } }, longAgo).verdict).toBe('pass');
  const afterwards = finding(
    [
      ['P1', 30],
      ['P0', 1],
    ],
    2,
  );
  expect(verdict({ maxOpen: { P0: 0 } }, afterwards).verdict).toBe('pass');
  expect(
    verdict(
      { maxOpen: { P0: 0 } },
      finding(
        [
          ['P1', 30],
          ['P0', 3],
        ],
        2,
      ),
    ).verdict,
  ).toBe('fail');
});

test('one after the other are not two at once', () => {
  const first = finding(
    [
      ['P0', 30],
      ['P1', 20],
    ],
    1,
  );
  const second = {
    ...finding(
      [
        ['P1', 30],
        ['P0', 10],
      ],
      1,
    ),
    id: 'F2',
  };
  expect(verdict({ maxOpen: { P0: 1 } }, first, second).verdict).toBe('pass');
  const meanwhile = { ...finding([['P0', 25]], 1), id: 'F3' };
  expect(verdict({ maxOpen: { P0: 1 } }, first, meanwhile).verdict).toBe('fail');
});

test('a finding is a new P0 on the day on which it became one, whatever it is now, and calming down makes no new P1', () => {
  const risen = finding(
    [
      ['P2', 400],
      ['P0', 40],
      ['P1', 30],
    ],
    null,
  );
  expect(verdict({ maxNewPerDay: { P0: 0 } }, risen).verdict).toBe('fail');
  expect(verdict({ maxNewPerDay: { P1: 0 } }, risen).verdict).toBe('pass');
  expect(verdict({ maxNewPerDay: { P0: 0 }, for: DAY_MS }, risen).verdict).toBe('pass');
});
