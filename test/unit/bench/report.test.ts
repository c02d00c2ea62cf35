import { expect, test } from 'vitest';
import { markdown, type Report, refusal } from '../../../bench/harness/report.ts';
import { spread } from '../../../bench/harness/statistics.ts';
import { difference, thousands } from '../../../bench/harness/wording.ts';

const report = (rounds: number, otherWork: number, more: Partial<Report['findings']> = {}): Report => ({
  suite: 'start',
  what: 'how soon it serves',
  date: '2026-11-30 06:00',
  commit: 'abc1234',
  command: 'npm run bench -- start',
  machine: { cpu: 'a CPU', cores: 2, memoryGigabytes: 24, kernel: 'Linux' },
  loadAverageBefore: 0.1,
  otherWork,
  versions: {},
  effort: { rounds, seconds: 3, warmUpSeconds: 4, isSmoke: false },
  findings: {
    facts: [],
    subjects: [],
    missing: [],
    sections: [],
    reading: '',
    bottlenecks: [],
    data: {},
    ...more,
  },
});

test('a run of too few rounds, or beside too much other work, is no result to be kept', () => {
  expect(refusal(report(5, 0.1))).toBeNull();
  expect(refusal(report(4, 0.01))).toBe('4 rounds are fewer than 5');
  expect(refusal(report(5, 0.11))).toBe('other work had 11 % of the machine');
});

test('the head of a report says of its effort what the suite says, and no more', () => {
  expect(markdown(report(7, 0))).toContain('- 7 rounds\n');
  expect(markdown(report(7, 0))).not.toContain('warm-up');
  expect(markdown(report(7, 0, { effort: '7 rounds of 3 s' }))).toContain('- 7 rounds of 3 s\n');
});

test('rates are told in thousands from a thousand on, and in full below', () => {
  expect(thousands(spread([41_234, 30_250, 49_350]))).toBe('41.2k (30.3–49.4)');
  expect(thousands(spread([76.4, 38, 101]))).toBe('76 (38–101)');
});

test('where there is no difference, what may hide within the noise is told', () => {
  const interval = { median: 1, low: 0.9, high: 1.1, confidence: 0.9375 };
  const comparison = { subject: 'a', against: 'b', ratio: interval };
  const added = { median: 5, low: -20, high: 12, confidence: 0.9375 };
  const told = (verdict: 'different' | 'no difference' | 'too few rounds') =>
    difference({ ...comparison, added, verdict }).at(-1);
  expect(told('no difference')).toBe('no difference (within ±20.0)');
  expect(told('different')).toBe('+5.00 (-20.0–12.0)');
  expect(told('too few rounds')).toBe('too few rounds');
});
